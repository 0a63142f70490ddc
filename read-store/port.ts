/** A document: plain JSON. Its text is `JSON.stringify` of it, and stays that byte for byte. */
export type Document = object

/** One value of an index key. A document whose first indexed field is absent or null is not in that index. */
export type IndexValue = string | number

/** A collection and its declared indexes: index name → top-level fields, most significant first. */
export interface CollectionSpec {
  readonly indexes?: Readonly<Record<string, readonly string[]>>
}
export type Collections = Readonly<Record<string, CollectionSpec>>

/** A stored document with its JSON text as it is, so that it can be sent without being parsed. */
export interface Row {
  readonly id: string
  readonly text: string
}

export interface RowPage {
  readonly rows: readonly Row[]
  /** Pass it as `after` to get the next page; absent on the last one. */
  readonly next?: string
}

/** Which rows, in which order. Without `index` the order is that of the ids (bytewise). */
export interface Query {
  readonly index?: string
  /** Only rows whose first index fields equal these. */
  readonly equals?: readonly IndexValue[]
  /** Only rows whose next index field (or id, without an index) is at least this … */
  readonly from?: IndexValue
  /** … and less than this. */
  readonly to?: IndexValue
  readonly reverse?: boolean
  /** The `next` of the page before. An unreadable one throws {@link InvalidCursor}. */
  readonly after?: string
  readonly limit: number
}

/** `document: undefined` deletes. Of several writes to one id the last one counts. */
export interface Write {
  readonly id: string
  readonly document: Document | undefined
  /** The build holds nothing under this id, so the engine need not look. */
  readonly fresh?: boolean
}

/** All or nothing: documents put and deleted, and a checkpoint moved from an expected position to a new one. */
export interface UnitOfWork {
  /** Which partition's checkpoint it moves, from 0; the first one if absent. */
  readonly partition?: number
  /** Fences a second runner: the unit is refused unless the checkpoint stands here. */
  readonly expected: number
  readonly checkpoint: number
  /**
   * Fences a second runner that stands at the same checkpoint, since not every unit moves it: the unit is refused unless
   * this is the name of the partition's last one, empty if there was none. Not looked at if absent.
   */
  readonly after?: string
  /** Its own name, unique for ever; default one that nobody knows. */
  readonly name?: string
  /** By collection. */
  readonly writes: Readonly<Record<string, readonly Write[]>>
}

/** What can be read of one build at one moment. */
export interface ReadModel {
  readonly projection: string
  readonly version: number
  /** Which build of this projection: unique for ever. */
  readonly build: string
  /** How many partitions share the work, each with a checkpoint of its own. Fixed when the build is made. */
  readonly partitions: number
  /**
   * The position of the log up to which the documents of a partition are built; without argument that of the
   * partition furthest behind.
   *
   * @throws {RangeError} there is no such partition
   */
  checkpoint(partition?: number): Promise<number>
  /**
   * The name of the last unit of work of a partition; empty if there was none.
   *
   * @throws {RangeError} there is no such partition
   */
  lastUnit(partition: number): Promise<string>
  /** The rows that exist, in any order. */
  getMany(collection: string, ids: readonly string[]): Promise<Row[]>
  page(collection: string, query: Query): Promise<RowPage>
  count(collection: string): Promise<number>
}

/**
 * A read model that is frozen: everything it answers is as of one moment. Close it soon: an engine may remember for some
 * minutes only, and throws `SnapshotLost` then.
 */
export interface Snapshot extends ReadModel {
  close(): Promise<void>
}

/**
 * One projection's documents, as built by one version of its code. Partitions share the collections, and never
 * write the same document.
 */
export interface Build extends ReadModel {
  /**
   * Documents are read before the promise is returned: the caller may change them afterwards. Units of one
   * partition are applied in the order of the calls.
   *
   * @throws {Fenced} the checkpoint is not where it was expected, or the build has been replaced
   */
  commit(unit: UnitOfWork): Promise<void>
  snapshot(): Promise<Snapshot>
}

/** The build that another one replaces, and where it must stand: its checkpoints, in the order of the partitions. */
export interface Replacing {
  readonly build: Build
  readonly at: readonly number[]
}

/** Somebody's right to do something alone for a while, such as to run a partition. */
export interface Lease {
  readonly name: string
  readonly holder: string
  /** How long it is held unless it is renewed, in milliseconds. */
  readonly left: number
}

/** Where the documents live. Derived from the log: everything in it can be thrown away and built again. */
export interface ReadStore {
  /** The build that readers see, if the projection has one. Cheap: call it for every request. */
  live(projection: string): Promise<Build | undefined>
  /** Every projection's live build. */
  all(): Promise<Build[]>
  /**
   * A number that is another one as soon as anything was written, by whatever process: as long as it is the same, what
   * was read after it may be kept. Undefined where the engine cannot tell at once. Cheap: call it for every request.
   */
  dataVersion(): number | undefined
  /**
   * An empty build with its collections and indexes, all checkpoints at 0. Nobody sees it until it is promoted.
   *
   * @param partitions how many runners can share its work; 1 if absent
   */
  create(projection: string, version: number, collections: Collections, partitions?: number): Promise<Build>
  /**
   * Makes a build the live one in one step, if the live one is still `replacing` and stands where it is expected, and
   * discards the replaced build.
   *
   * @throws {Fenced} the live build has moved on or is another one
   */
  promote(build: Build, replacing?: Replacing): Promise<void>
  /** Discards a build that was never promoted. */
  discard(build: Build): Promise<void>
  /** An empty read store of the same engine that `close` removes again: room for a verification. */
  scratch(): Promise<ReadStore>
  /**
   * Takes a lease, or renews it. It is free when nobody took it, when it was released and when its time is over, by the
   * store's clock. A lease spares two holders the same work; it is the checkpoint that fences them.
   *
   * @returns whether the holder has it now
   */
  lease(name: string, holder: string, milliseconds: number): Promise<boolean>
  /** Gives a lease back before its time. Somebody else's stays as it is. */
  release(name: string, holder: string): Promise<void>
  /** Who holds what now, in the order of names. */
  leases(): Promise<Lease[]>
  close(): Promise<void>
}
