import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrivalOf } from '../../bridge/arrivals.js'
import { importFile } from '../../bridge/file-import.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { setBillingTimeZone } from '../../commands/billing-time-zone.js'
import { takeIn } from '../../commands/intake.js'
import type { EventStore } from '../../event-store/port.js'
import type { Fold } from '../../projections/running/fold.js'
import type { Projection } from '../../projections/projection.js'
import type { ReadStore } from '../../read-store/port.js'
import { Countdown, Stopped, stoppingAppends } from '../projections/stopping.js'
import type { Delivery } from './billing-histories.js'
import type { BilledFact } from './billing-oracle.js'
import type { After } from './histories.js'
import { goOn } from './lived-history.js'

/** Where a history takes place. */
export interface BillingPlace {
  /** For the files that are imported. */
  readonly folder: string
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  readonly projections: readonly Projection[]
}

/** Lives through a history: takes its deliveries in, and folds, restarts and crashes as it says. */
export async function liveBilling(
  place: BillingPlace,
  deliveries: readonly Delivery[],
  zone: string | undefined,
): Promise<void> {
  await setBillingTimeZone(place.eventStore, zone)
  const folds = new Map<Projection, Fold | undefined>()
  const foldAll = async (then: After) => {
    for (const projection of place.projections) {
      folds.set(projection, await goOn({ ...place, projection }, folds.get(projection), then))
    }
  }
  for (const [at, delivery] of deliveries.entries()) {
    await deliver(place, delivery, at)
    // A start of the program with the same setting changes nothing.
    await setBillingTimeZone(place.eventStore, zone)
    await foldAll(delivery.then)
  }
  for (const [at, delivery] of deliveries.entries()) {
    if (delivery.atTheEnd) await take(place, place.eventStore, delivery, at)
  }
  await foldAll({ type: 'restart', size: 1_000 })
}

async function deliver(place: BillingPlace, delivery: Delivery, at: number): Promise<void> {
  if (delivery.stopsAfter !== undefined) {
    const stopping = stoppingAppends(place.eventStore, new Countdown(delivery.stopsAfter))
    await take(place, stopping, delivery, at).catch((error: unknown) => {
      if (!(error instanceof Stopped)) throw error
    })
  }
  for (let time = 0; time <= delivery.again; time++) await take(place, place.eventStore, delivery, at)
}

async function take(
  { folder }: BillingPlace,
  eventStore: EventStore,
  { by, facts }: Delivery,
  at: number,
): Promise<void> {
  const text = facts.map((fact, line) => lineOf(fact, line) + '\n').join('')
  if (by === 'file') {
    const path = join(folder, `delivery-${at}`)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, text)
    const { read, rejected } = await importFile(eventStore, 'billable-events', path)
    if (read !== facts.length || rejected > 0) throw new Error(`${read} read, ${rejected} rejected`)
    return
  }
  const lines = new LineSplitter().push(Buffer.from(text))
  const arrivals = lines
    .map((line) => arrivalOf('billable-events', line, `key:delivery-${at}`))
    .filter((arrival) => arrival !== undefined)
  const { rejected } = await takeIn(eventStore, arrivals)
  if (rejected.length > 0) throw new Error(`rejected: ${JSON.stringify(rejected)}`)
}

/** A fact as a line. A file is known by its content, so the first line of each says which fact it is. */
function lineOf({ n, at, customer, amount, type }: BilledFact, line: number): string {
  if (line % 2 === 1) return `${at},${customer},${amount},${type}`
  const numeric = line % 4 === 2 && String(Number(amount)) === amount && !amount.startsWith('9')
  return JSON.stringify({ n, timestampMs: at, customer, amountEUR: numeric ? Number(amount) : amount, type })
}
