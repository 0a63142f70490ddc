import { kinds } from '../bridge/formats/kinds.js'
import { catchUp } from '../cli/caught-up.js'
import { moneyLines } from '../cli/samples/money.js'
import { takeIn, type Arrival, type EventStore } from '../commands/intake.js'
import { openSampleSystem } from './sample-system.js'

/** Sample data of money: how much, and of how many users. */
export interface MoneySize {
  readonly users: number
  readonly events: number
}

/** As an import takes a file in (bridge/file-import.ts). */
const recordsATime = 2_000
/** As bad as deliveries are: two in a hundred a little out of order, two in a thousand very late, one in a hundred twice. */
const delivery = { duplicates: 0.01, disorder: 0.02, late: 0.002 }

/** What a benchmark says of its sample. */
export function describedMoney({ users, events }: MoneySize, facts: number): string {
  return `${facts} events of wallets, users and sessions (${events} money, ${users} users)`
}

/** Takes sample data in, as three topics deliver it side by side. Answers how many facts it is. */
export async function takeMoneyIn(eventStore: EventStore, size: MoneySize): Promise<number> {
  let facts = 0
  let arrivals: Arrival[] = []
  const take = async () => {
    facts += (await takeIn(eventStore, arrivals)).appended
    arrivals = []
  }
  let number = 0
  for (const { topic, line } of moneyLines({ ...size, ...delivery, seed: 1 })) {
    const metadata = { source: `file:0123456789abcdef0123456789abcdef#${++number}` }
    const record = kinds[topic].parse(JSON.parse(line)) as never
    const event = kinds[topic].event(record, metadata)
    if (!event) continue
    arrivals.push({ event: { ...event, metadata }, kind: topic, raw: () => Buffer.from(line) })
    if (arrivals.length === recordsATime) await take()
  }
  await take()
  return facts
}

/** A data folder with sample data in it: durable, enriched, published, and closed again. Answers how many facts it is. */
export async function fillMoneySystem(data: string, size: MoneySize): Promise<number> {
  const system = await openSampleSystem(data)
  await system.project()
  const facts = await takeMoneyIn(system.eventStore, size)
  await catchUp(system)
  await system.close()
  return facts
}
