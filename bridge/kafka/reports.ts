import type { LostRecords } from '../../domain/source.js'

/** What the bridge tells while it runs: for a log, and for tests. */
export type BridgeReport =
  /** The brokers have been reached, and these topics are there. */
  | { readonly type: 'connected'; readonly topics: readonly string[] }
  /** These topics do not exist yet. They are read as soon as they do. */
  | { readonly type: 'absent'; readonly topics: readonly string[] }
  /** The group has given this process partitions to read. */
  | {
      readonly type: 'assigned'
      readonly member: string
      readonly partitions: readonly string[]
      readonly leader: boolean
    }
  /** A partition is read from this offset on. */
  | { readonly type: 'claimed'; readonly partition: string; readonly offset: number }
  /** Another reader or publisher has taken over what this one had. */
  | { readonly type: 'fenced'; readonly what: string; readonly by: string }
  /** Records are gone that had not been read. */
  | { readonly type: 'lost'; readonly partition: string; readonly lost: LostRecords; readonly detail: string }
  /** Something does not work; it is tried again. */
  | {
      readonly type: 'trouble'
      readonly what: string
      readonly error: string
      readonly retryInMilliseconds: number
    }
  /** What did not work does work again. */
  | { readonly type: 'recovered'; readonly what: string }
  /** Events are published from this position of the log on. */
  | { readonly type: 'publishing'; readonly topic: string; readonly position: number }
  | { readonly type: 'created'; readonly topic: string }
  /** What the client library has to say. */
  | { readonly type: 'client'; readonly part: string; readonly message: string }
  | { readonly type: 'stopped' }
