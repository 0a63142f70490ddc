import type { NewEvent, RecordedEvent } from '../domain/event.js'
import type { Collections, Document, Query, Row } from '../read-store/port.js'
import type { HeldDocument } from './running/kept-documents.js'

/** One read model: how a fold over the log becomes documents. */
export interface Projection {
  readonly name: string
  /** Raise it whenever the fold or the shape of a document changes: the next start builds the new version. */
  readonly version: number
  /** The categories of streams it reads. */
  readonly categories: readonly string[]
  readonly collections: Collections
  /** The types of the events it derives; a rebuild checks them against the log. */
  readonly derives?: readonly string[]
  /** Which documents an event touches. Absent: none. */
  readonly touch?: Touch
  /** What to do for each type of event; types that are not here are passed over. */
  readonly handlers: Readonly<Record<string, Handler>>
  /** Absent: one runner does all of it. */
  readonly sharing?: Sharing
  /** Documents that are always at hand, in each partition its own: collection and id. */
  readonly watches: readonly (readonly [collection: string, id: string])[]
  /** Work that one event may owe to any number of documents, done a slice at a time. */
  readonly debt?: Debt
}

/** A projection whose work can be shared; the documents of some keys of it can be folded without the rest. */
export type SharedProjection = Projection & { readonly sharing: Sharing }

/**
 * How the work is shared by partitions. Every event belongs to a key and every key to one partition; so does every
 * document, but for the watched ones.
 */
export interface Sharing {
  /** Undefined: the event concerns every partition. */
  readonly keyOf: (event: RecordedEvent) => string | undefined
  /** What an event does in the partitions that it does not belong to: it may move their clocks. */
  readonly elsewhere?: Readonly<Record<string, Handler>>
}

/** Work left over by a page of events, paid before the next page is begun. `owes` reads watched documents only. */
export interface Debt {
  readonly owes: (documents: Documents) => boolean
  /** Pays a slice of it. */
  readonly pay: (documents: Documents) => Promise<void>
}

/**
 * Wants the documents that an event touches, so that a page of events loads them in one query. It is called again for
 * an event that wanted what was not at hand: then it may want what depends on that. A document that it does not name can
 * still be loaded by the handler.
 */
export type Touch = (event: RecordedEvent, want: Want, documents: Documents) => void
export type Want = (collection: string, id: string) => void
/** Only what depends on other documents than those touched needs to be asynchronous. */
export type Handler = (event: RecordedEvent, documents: Documents) => void | Promise<void>

/** Ids of a collection in their order (bytewise): from one on, up to another but not that one. */
export interface IdRange {
  readonly from?: string
  readonly to?: string
  readonly limit: number
}

export interface IdSlice {
  readonly ids: readonly string[]
  /** Where the range goes on: the next slice is from here on. Absent if this is all. */
  readonly next?: string
}

/** The documents that a projection works on, as they stand after the event before. */
export interface Documents {
  /** A document that was touched, loaded or written before; undefined if there is none. */
  get<T extends Document>(collection: string, id: string): T | undefined
  /** Whether {@link get} may be called. */
  has(collection: string, id: string): boolean
  /** Whether documents of this key belong to this partition. */
  owns(key: string): boolean
  /** What {@link get} answers, to hold on to; undefined if {@link get} may not be called. */
  hold(collection: string, id: string): HeldDocument | undefined
  /** Loads documents that no touch named. */
  load(collection: string, ids: readonly string[]): Promise<void>
  /** Loads the documents of a range of ids, those that were put just now among them. Not for what was written and forgotten. */
  loadBetween(collection: string, range: IdRange): Promise<IdSlice>
  put(collection: string, id: string, document: Document): void
  /** Puts a document that no handler will ever `get`: it is written and forgotten. */
  write(collection: string, id: string, document: Document): void
  delete(collection: string, id: string): void
  /**
   * A page of a collection as the events before this one left it. A handler that has begun to write cannot
   * ask any more. What has changed is written to the disk first: where ids will do, {@link loadBetween} is far cheaper.
   */
  page(collection: string, query: Query): Promise<{ rows: readonly Row[]; next?: string }>
  /**
   * Derives an event: it is stored with the documents and appended to the log after them, exactly once.
   *
   * @param revision the revision that it takes in its stream
   */
  derive(event: NewEvent, revision: number): void
}
