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

/** All or nothing: documents put and deleted, and the checkpoint moved from an expected position to a new one. */
export interface UnitOfWork {
  /** Fences a second runner: the unit is refused unless the checkpoint stands here. */
  readonly expected: number
  readonly checkpoint: number
  /** By collection. */
  readonly writes: Readonly<Record<string, readonly Write[]>>
}

/** What can be read of one build at one moment. */
export interface ReadModel {
  readonly projection: string
  readonly version: number
  /** Which build of this projection: unique for ever. */
  readonly build: string
  /** The position of the log up to which the documents are built. */
  checkpoint(): Promise<number>
  /** The rows that exist, in any order. */
  getMany(collection: string, ids: readonly string[]): Promise<Row[]>
  page(collection: string, query: Query): Promise<RowPage>
  count(collection: string): Promise<number>
}

/** A read model that is frozen: everything it answers is as of one checkpoint. Close it soon. */
export interface Snapshot extends ReadModel {
  close(): Promise<void>
}

/** One projection's documents, as built by one version of its code. */
export interface Build extends ReadModel {
  /**
   * Documents are read before the promise is returned: the caller may change them afterwards.
   *
   * @throws {Fenced} the checkpoint is not where it was expected, or the build has been replaced
   */
  commit(unit: UnitOfWork): Promise<void>
  snapshot(): Promise<Snapshot>
}

/** Where the documents live. Derived from the log: everything in it can be thrown away and built again. */
export interface ReadStore {
  /** The build that readers see, if the projection has one. Cheap: call it for every request. */
  live(projection: string): Promise<Build | undefined>
  /** Every projection's live build. */
  all(): Promise<Build[]>
  /** An empty build with its collections and indexes, at checkpoint 0. Nobody sees it until it is promoted. */
  create(projection: string, version: number, collections: Collections): Promise<Build>
  /**
   * Makes a build the live one in one step, if the live one is still `replacing` and its checkpoint still
   * `at`, and discards the replaced build.
   *
   * @throws {Fenced} the live build has moved on or is another one
   */
  promote(build: Build, replacing?: { readonly build: Build; readonly at: number }): Promise<void>
  /** Discards a build that was never promoted. */
  discard(build: Build): Promise<void>
  /** An empty read store of the same engine that `close` removes again: room for a verification. */
  scratch(): Promise<ReadStore>
  close(): Promise<void>
}
