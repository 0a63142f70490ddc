import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { RecordedEvent } from '../domain/event.js'
import { openEmbeddedEventStore } from '../event-store/embedded/embedded.js'
import type { EventStore } from '../event-store/port.js'
import { isNamespace, namespaceForm } from '../event-store/namespace.js'
import { WrongUsage, type Context } from './command.js'
import { table } from './output.js'
import { ProgressBar } from './progress.js'

const eventsAPage = 2_000

/** The target cannot become a copy: it holds something else, or the copy differs. */
export class CopyRefused extends Error {
  readonly code = 'copy-refused'
}

export interface CopyOptions {
  /** The folder of an embedded log. */
  readonly from: string
  /** The connection string of EventStoreDB. */
  readonly to: string
  readonly namespace?: string
}

/**
 * `tidemark copy --from DIR --to URL`: carries an embedded log into EventStoreDB, event by event as it stands: ids,
 * streams, revisions, order, content and times. Called again, it goes on where the target ends, whatever ended it
 * before. At the end the two logs are compared from the first event to the last.
 */
export async function copyLog({ from, to, namespace }: CopyOptions, { output }: Context): Promise<void> {
  await checkTarget(to, namespace)
  if (!existsSync(join(from, 'events.db'))) throw new Error(`there is no log in ${from}`)
  const start = performance.now()
  // The client takes a while to load, and no other command needs it here.
  const { openEventStoreDb } = await import('../event-store/eventstoredb/eventstoredb.js')
  const source = openEmbeddedEventStore(from)
  try {
    const target = await openEventStoreDb({
      url: to,
      ...(namespace === undefined ? {} : { namespace }),
      report: ({ error }) => output.remark(`tidemark: ${error.message} (trying again)`),
    })
    try {
      // What is appended meanwhile is left to the next copying.
      const head = await source.head()
      const restore = await target.restore()
      const copied = await copy(source, head, await placeOfLast(target, source), (page) => restore.take(page))
      const { events, streams } = await compare(source, target, head)
      const result = { copied, events, streams, seconds: Math.round(performance.now() - start) / 1000 }
      output.result(result, () => table([result]))
    } finally {
      await target.close()
    }
  } finally {
    await source.close()
  }
}

/** @throws {WrongUsage} */
async function checkTarget(to: string, namespace: string | undefined): Promise<void> {
  if (namespace !== undefined && !isNamespace(namespace)) {
    throw new WrongUsage(`--namespace is ${JSON.stringify(namespace)}: it takes ${namespaceForm}`)
  }
  const { readAddress } = await import('../event-store/eventstoredb/address.js')
  try {
    readAddress(to)
  } catch (error) {
    // It says what is wrong without user and password.
    throw new WrongUsage(`--to: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Where in the source the last event of the target stands; 0 if the target is empty. */
async function placeOfLast(target: EventStore, source: EventStore): Promise<number> {
  const [newest] = await target.streams({ limit: 1 })
  if (!newest) return 0
  const { stream, revision } = newest
  const [last] = await target.readStream(stream, { from: revision, limit: 1 })
  const [original] = await source.readStream(stream, { from: revision, limit: 1 })
  if (!last || original?.id !== last.id) {
    throw new CopyRefused(
      `the target holds events that are not in the log that is copied: revision ${revision} of its stream ${stream} ` +
        'is one. Choose another namespace or server',
    )
  }
  return original.position
}

/** Answers how many events were copied. */
async function copy(
  source: EventStore,
  head: number,
  from: number,
  take: (events: readonly RecordedEvent[]) => Promise<void>,
): Promise<number> {
  const bar = new ProgressBar('copying')
  let copied = 0
  try {
    for (let after = from; after < head;) {
      const page = await source.readAll({ after, limit: eventsAPage })
      const events = page.events.filter(({ position }) => position <= head)
      await take(events)
      copied += events.length
      after = page.position
      bar.update(after, head)
    }
  } finally {
    bar.end()
  }
  return copied
}

/**
 * Both logs page by page, in their order.
 *
 * @throws {CopyRefused} they differ
 */
async function compare(
  source: EventStore,
  target: EventStore,
  head: number,
): Promise<{ events: number; streams: number }> {
  const bar = new ProgressBar('comparing')
  const copies = eventsOf(target)
  let events = 0
  let streams = 0
  try {
    for await (const original of eventsOf(source, head)) {
      const { value: found } = await copies.next()
      if (!found || !isCopy(found, original)) {
        const where = `revision ${original.revision} of stream ${original.stream}`
        throw new CopyRefused(
          `the target differs at event ${events + 1} (${where}): copy into another namespace or server`,
        )
      }
      events++
      if (original.revision === 0) streams++
      bar.update(original.position, head)
    }
  } finally {
    bar.end()
  }
  const { value: more } = await copies.next()
  if (more)
    throw new CopyRefused(`the target holds more than the log that is copied: ${more.id} of ${more.stream}`)
  return { events, streams }
}

/** All that an event is, but for where it stands in the whole log. */
function isCopy(found: RecordedEvent, original: RecordedEvent): boolean {
  return isDeepStrictEqual(
    { ...found, position: 0 },
    { ...original, id: original.id.toLowerCase(), position: 0 },
  )
}

async function* eventsOf(log: EventStore, to?: number): AsyncGenerator<RecordedEvent, undefined> {
  const head = to ?? (await log.head())
  for (let after = 0; after < head;) {
    const page = await log.readAll({ after, limit: eventsAPage })
    for (const event of page.events) if (event.position <= head) yield event
    after = page.position
  }
  return undefined
}
