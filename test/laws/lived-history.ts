import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrivalOf } from '../../bridge/arrivals.js'
import { importFile } from '../../bridge/file-import.js'
import type { KindName } from '../../bridge/formats/kind-names.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { advanceClock, setAllowedLateness } from '../../commands/advance-clock.js'
import { takeIn } from '../../commands/intake.js'
import type { EventStore } from '../../event-store/port.js'
import { Outbox } from '../../projections/running/outbox.js'
import { Fold } from '../../projections/running/fold.js'
import type { Projection } from '../../projections/projection.js'
import type { ReadStore } from '../../read-store/port.js'
import { Countdown, Stopped, stoppingAppends, stoppingCommits } from '../projections/stopping.js'
import { cutInto, liveBuild } from '../projections/tidemark.js'
import type { After, Step } from './histories.js'
import type { AgreementFact, Fact, RecordFact } from './oracle.js'

/** Where a history takes place. */
export interface Place {
  /** For the files that are imported. */
  readonly folder: string
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projection: Projection
}

/** Lives through a history: takes its facts in as they arrive, and folds, restarts and crashes as it says. */
export async function live(place: Place, steps: readonly Step[], lateness: number): Promise<void> {
  await setAllowedLateness(place.eventStore, lateness)
  let fold: Fold | undefined
  for (const [at, step] of steps.entries()) {
    await arrive(place, step, at)
    fold = await goOn(place, fold, step.then)
  }
  const last = await openFold(place)
  await drain(last, place.eventStore, 1_000)
}

async function arrive(place: Place, { by, facts }: Step, at: number): Promise<void> {
  for (const [n, group] of groups(facts, by).entries()) {
    const name = `${at}-${n}`
    const advances = group.filter((fact) => fact.type === 'advance')
    const agreements = group.filter((fact) => fact.type === 'agreement')
    const records = group.filter((fact) => fact.type === 'record')
    for (const { to } of advances) await advanceClock(place.eventStore, to)
    if (agreements.length > 0) await takeLines(place, 'agreements', agreements, by, name)
    if (records.length > 0) await takeLines(place, 'data-records', records, by, name)
  }
}

/** Facts of one kind that arrive together, one after the other; single ones arrive alone. */
function groups(facts: readonly Fact[], by: Step['by']): Fact[][] {
  const all: Fact[][] = []
  for (const fact of facts) {
    const last = all.at(-1)
    if (by !== 'single' && last?.[0]?.type === fact.type) last.push(fact)
    else all.push([fact])
  }
  return all
}

async function takeLines(
  { folder, eventStore }: Place,
  kind: KindName,
  facts: readonly (AgreementFact | RecordFact)[],
  by: Step['by'],
  name: string,
): Promise<void> {
  const text = facts.map((fact, n) => lineOf(fact, n) + '\n').join('')
  if (by === 'file') {
    const path = join(folder, name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, text)
    const { read, rejected } = await importFile(eventStore, kind, path)
    if (read !== facts.length || rejected > 0) throw new Error(`${read} read, ${rejected} rejected`)
    return
  }
  const lines = new LineSplitter().push(Buffer.from(text))
  const arrivals = lines.map((line) => arrivalOf(kind, line, `key:${name}`)!)
  const { appended, duplicates, rejected } = await takeIn(eventStore, arrivals)
  if (appended + duplicates !== facts.length) throw new Error(`rejected: ${JSON.stringify(rejected)}`)
}

/** The next fold, if it is still at work after this. */
export async function goOn(place: Place, fold: Fold | undefined, after: After): Promise<Fold | undefined> {
  if (after.type === 'nothing') return fold
  if (after.type === 'crash') {
    await crash(place, after)
    return undefined
  }
  const open = after.type === 'fold' && fold ? fold : await openFold(place)
  await drain(open, place.eventStore, after.size)
  return open
}

/** Goes on until the stores stop it. */
async function crash(place: Place, { size, commits, appends }: After & { type: 'crash' }): Promise<void> {
  const eventStore = stoppingAppends(place.eventStore, new Countdown(appends))
  const readStore = stoppingCommits(place.readStore, new Countdown(commits))
  let fold: Fold | undefined
  try {
    fold = await openFold({ ...place, eventStore, readStore })
    await drain(fold, eventStore, size)
  } catch (error) {
    if (!(error instanceof Stopped)) throw error
    await fold?.abandon()
  }
}

export async function openFold({ projection, eventStore, readStore }: Place): Promise<Fold> {
  const build = await liveBuild(projection, readStore)
  return Fold.open(projection, build, await Outbox.open(build, eventStore, 0))
}

/** Folds to the end of the log, with what is derived on the way, in pages of so many events. */
export async function drain(fold: Fold, eventStore: EventStore, size: number): Promise<void> {
  while (fold.position < (await eventStore.head())) {
    const page = await eventStore.readAll({ after: fold.position, limit: 1_000 })
    for (const piece of cutInto(size)(page)) await fold.apply(piece)
    await fold.settle()
  }
}

/** A fact as a line of a file: lines of one kind take turns in how they are written. */
function lineOf(fact: AgreementFact | RecordFact, turn: number): string {
  if (fact.type === 'agreement') {
    return JSON.stringify({
      id: fact.id,
      msisdn: fact.msisdn,
      signedAt: timestamp(fact.signedAt, turn),
      serviceStartAt: timestamp(fact.serviceStartAt, turn),
      billingPeriodTimeZone: fact.zone,
      maxBytesInBillingPeriod: fact.max,
    })
  }
  const { id, msisdn, bytes } = fact
  const recordedAt = timestamp(fact.recordedAt, turn)
  if (turn % 2 === 0) return `${id};${recordedAt};${msisdn};${bytes}`
  return JSON.stringify({ externalId: id, recordedAt, msisdn, recordedBytes: bytes, other: 'field' })
}

/** The same instant, written with one offset or another. */
function timestamp(instant: number, turn: number): string {
  const [minutes, offset] = (
    [
      [0, 'Z'],
      [60, '+01:00'],
      [-210, '-03:30'],
    ] as const
  )[turn % 3]!
  return new Date(instant + minutes * 60_000).toISOString().replace('Z', offset)
}
