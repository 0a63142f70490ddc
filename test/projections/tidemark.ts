import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { agreementSigned } from '../../domain/agreement.js'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { clockAdvanced, clockStream } from '../../domain/data-record-clock.js'
import { dataRecorded } from '../../domain/data-record.js'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import type { Notification } from '../../domain/notification.js'
import { uuidV5Namespace } from '../../domain/uuid.js'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore, LogPage } from '../../event-store/port.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { Outbox } from '../../projections/running/outbox.js'
import { collectionsOf, Fold } from '../../projections/running/fold.js'
import { projections } from '../../projections/index.js'
import type { Projection } from '../../projections/projection.js'
import type { Subscriber } from '../../projections/data-plans/documents.js'
import {
  byTime,
  recordPages,
  recordsOf,
  type PagedRecord,
} from '../../projections/data-plans/record-pages.js'
import { verify, type Difference } from '../../projections/running/verify.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { Build, ReadStore } from '../../read-store/port.js'

/** An agreement of a test; what it does not say is the same for all of them. */
export interface Terms {
  readonly id: string
  readonly msisdn?: string
  readonly starts?: string
  readonly signed?: string
  readonly zone?: string
  readonly max?: number
}

export function signed({ id, msisdn = '1', starts, signed, zone = 'UTC', max = 1000 }: Terms): NewEvent {
  const agreement = {
    id,
    msisdn,
    signedAt: Date.parse(signed ?? '2019-12-01T00:00:00Z'),
    serviceStartAt: Date.parse(starts ?? '2020-01-01T00:00:00Z'),
    billingPeriodTimeZone: zone,
    maxBytesInBillingPeriod: max,
  }
  return agreementSigned(agreement, {})
}

/** Some use of a subscriber's data. */
export function recorded(externalRecordId: string, at: string, bytes = 10, msisdn = '1'): NewEvent {
  const recordedAt = Date.parse(at)
  return dataRecorded({ externalRecordId, msisdn, recordedAt, recordedBytes: bytes }, {})
}

export function advanced(to: string): NewEvent {
  return clockAdvanced(Date.parse(to), {})
}

let latenesses = 0
const latenessId = uuidV5Namespace('c1d3a9a2-9c52-5d0e-8a8e-0a2f5b7d9e11')

export function lateness(milliseconds: number): NewEvent {
  const data = { milliseconds }
  return {
    id: latenessId(String(latenesses++)),
    stream: clockStream,
    type: 'AllowedLatenessSet',
    data,
    metadata: {},
  }
}

/** A folder for one test, removed after it. */
export function temporaryFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-test-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

/** The embedded engines in a folder of their own, with what tests ask of them. */
export interface Tidemark {
  readonly folder: string
  readonly eventStore: EmbeddedEventStore
  readonly readStore: ReadStore
  /** Appends events, all of them at once. */
  append(...events: NewEvent[]): Promise<void>
  /** Folds the log, derived events included, to its end; each call is a start of its own. */
  fold(...projections: Projection[]): Promise<void>
  live(projection?: string): Promise<Build>
  /** The documents of a collection by id, parsed. */
  documents<T = unknown>(collection: string, projection?: string): Promise<Record<string, T>>
  period(id: string): Promise<BillingPeriod | undefined>
  /** The external ids of the records without an agreement, in order of event time. */
  unmatched(): Promise<string[]>
  /** The notifications in the log, in their order. */
  notifications(): Promise<RecordedEvent<Notification>[]>
  /** The same in short: `DATA_PLAN_EXCEEDED a/2020-01 1000`. */
  notified(): Promise<string[]>
  differences(projection?: Projection): Promise<readonly Difference[]>
}

export async function openTidemark(t: Test): Promise<Tidemark> {
  const folder = temporaryFolder(t)
  const eventStore = openEmbeddedEventStore(folder)
  const readStore = await openEmbeddedReadStore(folder)
  // Before the folder is removed: teardowns run last in, first out.
  t.teardown(async () => {
    await readStore.close()
    await eventStore.close()
  })
  return tidemarkOf(folder, eventStore, readStore)
}

function tidemarkOf(folder: string, eventStore: EmbeddedEventStore, readStore: ReadStore): Tidemark {
  const live = async (projection = dataPlans.name) => {
    const build = await readStore.live(projection)
    if (!build) throw new Error(`${projection} has not been built`)
    return build
  }
  const documents = async <T>(collection: string, projection?: string) =>
    documentsOf<T>(await live(projection), collection)
  const notifications = async () =>
    (await wholeLog(eventStore, ['billing'])) as unknown as RecordedEvent<Notification>[]
  return {
    folder,
    eventStore,
    readStore,
    live,
    documents,
    notifications,
    append: async (...events) => void (await eventStore.append(events)),
    fold: async (...some) => {
      for (const projection of some.length > 0 ? some : projections) {
        await foldToHead(projection, eventStore, readStore)
      }
    },
    period: async (id) => (await documents<BillingPeriod>('billing-periods'))[id],
    unmatched: async () => (await unmatchedIn(await live())).map(({ externalRecordId }) => externalRecordId),
    notified: async () => (await notifications()).map(inShort),
    differences: async (projection = dataPlans) =>
      (await verify(projection, { eventStore, readStore })).differences,
  }
}

export function inShort({ data }: RecordedEvent<Notification>): string {
  const month = `${data.year}-${String(data.month).padStart(2, '0')}`
  const previous = 'previousTotalRecordedBytes' in data ? ` was ${data.previousTotalRecordedBytes}` : ''
  return `${data.type} ${data.agreementId}/${month} ${data.totalRecordedBytes}${previous}`
}

/** A build that is live, made if there is none. */
export async function liveBuild(projection: Projection, readStore: ReadStore): Promise<Build> {
  const live = await readStore.live(projection.name)
  if (live) return live
  const build = await readStore.create(projection.name, projection.version, collectionsOf(projection))
  await readStore.promote(build)
  return build
}

/** Folds the log into the live build until nothing comes any more, what it derives itself included. */
export async function foldToHead(
  projection: Projection,
  eventStore: EventStore,
  readStore: ReadStore,
  cut: (page: LogPage) => readonly LogPage[] = (page) => [page],
): Promise<void> {
  const build = await liveBuild(projection, readStore)
  const fold = await Fold.open(projection, build, await Outbox.open(build, eventStore, 0))
  while (fold.position < (await eventStore.head())) {
    const page = await eventStore.readAll({ after: fold.position, limit: 2_500 })
    for (const piece of cut(page)) await fold.apply(piece)
    await fold.settle()
  }
}

/** The pages that a page of the log makes, cut after every `size` events. */
export function cutInto(size: number): (page: LogPage) => readonly LogPage[] {
  return ({ events, position }) => {
    const pieces: LogPage[] = []
    for (let from = 0; from < events.length; from += size) {
      const piece = events.slice(from, from + size)
      const last = from + size >= events.length
      pieces.push({ events: piece, position: last ? position : piece.at(-1)!.position })
    }
    return pieces.length > 0 ? pieces : [{ events, position }]
  }
}

export async function wholeLog(eventStore: EventStore, categories?: string[]): Promise<RecordedEvent[]> {
  const all: RecordedEvent[] = []
  const head = await eventStore.head()
  for (let after = 0; after < head;) {
    const page = await eventStore.readAll({ after, limit: 5_000, ...(categories && { categories }) })
    all.push(...page.events)
    after = page.position
  }
  return all
}

/** The documents of a collection as they are stored, byte for byte, by id. */
export async function textsOf(
  build: Pick<Build, 'page'>,
  collection: string,
): Promise<Record<string, string>> {
  const texts: Record<string, string> = {}
  let after: string | undefined
  do {
    const page = await build.page(collection, { limit: 1_000, ...(after === undefined ? {} : { after }) })
    for (const { id, text } of page.rows) texts[id] = text
    after = page.next
  } while (after !== undefined)
  return texts
}

/** The records that no agreement covers, found through the index of the pages that have any. */
export async function unmatchedIn(build: Build): Promise<PagedRecord[]> {
  const { rows } = await build.page(recordPages, { index: 'unmatched', limit: 10_000 })
  const subscribers = await documentsOf<Subscriber>(build, 'subscribers')
  const begins = (msisdn: string) =>
    Math.min(...(subscribers[msisdn]?.agreements ?? []).map(({ serviceStartAt }) => serviceStartAt))
  return rows
    .flatMap(recordsOf)
    .filter(({ msisdn, recordedAt }) => Date.parse(recordedAt) < begins(msisdn))
    .sort(byTime)
}

export async function documentsOf<T>(build: Build, collection: string): Promise<Record<string, T>> {
  const texts = await textsOf(build, collection)
  return Object.fromEntries(Object.entries(texts).map(([id, text]) => [id, JSON.parse(text) as T]))
}
