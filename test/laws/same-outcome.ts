import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { importFile } from '../../bridge/file-import.js'
import type { KindName } from '../../bridge/formats/kind-names.js'
import { waitUntilCaughtUp } from '../../cli/caught-up.js'
import { dataPlanAgreements, dataPlanFiles } from '../../cli/samples/data-plan.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { EventStore } from '../../event-store/port.js'
import { projections } from '../../projections/index.js'
import { verify } from '../../projections/running/verify.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import type { ReadStore } from '../../read-store/port.js'
import { run } from '../projections/running.js'
import { wholeLog } from '../projections/tidemark.js'
import { convergentDocuments } from './convergent-documents.js'

/** A file to import. */
export interface Input {
  readonly kind: KindName
  readonly path: string
}

export interface Stores {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
}

/**
 * Writes agreements before and after the records, records of four months, records that come twice and one that is
 * late. A file holds records of one month only: so engines that order streams differently close months alike.
 */
export function writeInputs(folder: string, linesAFile = Infinity): Input[] {
  mkdirSync(folder, { recursive: true })
  const size = { subscribers: 3, months: 4 }
  const signed = [...dataPlanAgreements(size.subscribers)]
  const records = [...dataPlanFiles(size)].flatMap(({ lines }) => [...lines])
  const inputs: Input[] = []
  const write = (kind: KindName, lines: readonly string[]) => {
    const path = join(folder, `${String(inputs.length).padStart(4, '0')}-${kind}`)
    writeFileSync(path, lines.map((line) => `${line}\n`).join(''))
    inputs.push({ kind, path })
  }
  const months = new Map<string, string[]>()
  for (const line of records) {
    const month = (line.split(';')[1] ?? '').slice(0, 7)
    months.set(month, [...(months.get(month) ?? []), line])
  }
  write('agreements', signed.slice(0, 2))
  for (const lines of months.values()) {
    const length = Math.min(linesAFile, lines.length)
    for (let from = 0; from < lines.length; from += length)
      write('data-records', lines.slice(from, from + length))
  }
  write('agreements', signed.slice(2))
  const [first = ''] = records
  const [, time, msisdn] = first.split(';')
  write('data-records', [...records.slice(0, 20), `late;${time};${msisdn};5000000000`])
  return inputs
}

/** The embedded engines, given the same inputs without any trouble. */
export async function undisturbed(t: Test, folder: string, inputs: readonly Input[]): Promise<Stores> {
  const eventStore = openEmbeddedEventStore(folder)
  const readStore = await openEmbeddedReadStore(folder)
  t.teardown(async () => {
    await readStore.close()
    await eventStore.close()
  })
  const running = run(t, eventStore, readStore, projections)
  for (const { kind, path } of inputs) await importFile(eventStore, kind, path)
  await caughtUp({ eventStore, readStore })
  await running.stop()
  return { eventStore, readStore }
}

export async function caughtUp(stores: Stores): Promise<void> {
  await waitUntilCaughtUp({ ...stores, project: () => Promise.resolve(true) }, projections)
}

/** What both have is the same, but for what docs/semantics.md calls history, and the order of the log. */
export async function assertSameOutcome(t: Test, found: Stores, expected: Stores): Promise<void> {
  const [events, wanted] = [await eventsOf(found), await eventsOf(expected)]
  t.equal(new Set(events.map(({ id }) => id)).size, events.length, 'no event is there twice')
  t.strictSame(events, wanted, 'the same facts and notifications')
  t.ok(
    events.some(({ stream }) => stream.startsWith('billing-period-')),
    'and there are notifications',
  )
  t.strictSame(await documentsOf(found), await documentsOf(expected), 'the same documents')
  for (const projection of projections) {
    const { differences } = await verify(projection, found)
    t.strictSame(differences, [], `verify of ${projection.name}`)
  }
}

export async function documentsOf({ readStore }: Stores) {
  const build = await readStore.live('data-plans')
  if (!build) throw new Error('there are no data plans')
  const documents = await convergentDocuments(build)
  return { ...documents, clocks: withoutPartitions(documents.clocks ?? {}) }
}

/** Each partition has a copy of the clock, and in it when the next period of its own closes. */
function withoutPartitions(clocks: Readonly<Record<string, string>>): Record<string, string> {
  const whole = Object.entries(clocks).filter(([id]) => !id.includes('/'))
  return Object.fromEntries(
    whole.map(([id, text]) => {
      const clock = JSON.parse(text) as Record<string, unknown>
      delete clock.nextClosing
      return [id, JSON.stringify(clock)]
    }),
  )
}

/** Facts and what was derived from them, in the order of their streams. */
async function eventsOf({ eventStore }: Stores) {
  const log = await wholeLog(eventStore, ['agreement', 'subscriber', 'billing'])
  return log
    .map(({ id, stream, revision, type, data }) => ({ id, stream, revision, type, data }))
    .sort((a, b) => (a.stream === b.stream ? a.revision - b.revision : a.stream < b.stream ? -1 : 1))
}
