import { uuidV3FromBytes } from '../../domain/uuid.js'
import { makeFolder } from '../../sqlite/folder.js'
import { JavaRandom } from './java-random.js'
import { LineFile } from './line-file.js'
import { Shuffled } from './shuffled.js'

/** Deterministic sample data for money enrichment: what happens to some users, and how it is delivered. */
export interface MoneySample {
  readonly users: number
  /** How much money is moved. Duplicates and the events of users and sessions come on top. */
  readonly events: number
  /** The same seed gives the same files. */
  readonly seed: number
  /** Which share of the records is delivered twice, a little out of order, or very late: 0 to 1. */
  readonly duplicates: number
  readonly disorder: number
  readonly late: number
}

/** The three topics. */
export type MoneyTopic = 'wallet-events' | 'user-events' | 'session-events'
export const moneyTopics = ['wallet-events', 'user-events', 'session-events'] as const

export interface MoneyLine {
  readonly topic: MoneyTopic
  /** Without a line feed. */
  readonly line: string
}

export interface GenerateMoney extends MoneySample {
  /** The folder to write to; made if it is not there. */
  readonly out: string
  readonly onProgress?: (progress: { readonly records: number; readonly total: number }) => void
}

/**
 * Writes `wallet-events.ndjson`, `user-events.ndjson` and `session-events.ndjson`. Memory grows with the users, not with
 * the events.
 *
 * @returns how many files were written, and how many records are in them, duplicates included
 */
export async function generateMoney(sample: GenerateMoney): Promise<{ files: number; records: number }> {
  makeFolder(sample.out)
  const files = new Map<MoneyTopic, LineFile>()
  for (const topic of moneyTopics) files.set(topic, await LineFile.open(sample.out, `${topic}.ndjson`))
  let records = 0
  for (const { topic, line } of moneyLines(sample)) {
    const full = files.get(topic)?.add(line)
    records++
    if (!full) continue
    await files.get(topic)?.flush()
    sample.onProgress?.({ records, total: Math.max(records, sample.events) })
  }
  for (const file of files.values()) await file.close()
  return { files: files.size, records }
}

/** What the topics deliver, one after the other. Each line is made as it is taken. */
export function* moneyLines(sample: MoneySample): Generator<MoneyLine, void, void> {
  const random = new JavaRandom(sample.seed)
  const delivery = new JavaRandom(sample.seed + 1)
  const topics = new Map(moneyTopics.map((topic) => [topic, new Shuffled(delivery, sample)]))
  for (const { topic, record } of moneyHistory(sample, random)) {
    for (const line of topics.get(topic)?.push(JSON.stringify(record)) ?? []) yield { topic, line }
  }
  for (const [topic, rest] of topics) for (const line of rest.end()) yield { topic, line }
}

interface Told {
  readonly topic: MoneyTopic
  readonly record: object
}

/** What happens, in the order of time. */
function* moneyHistory({ users, events }: MoneySample, random: JavaRandom): Generator<Told, void, void> {
  const everyone = Array.from({ length: users }, (_, number) => new User(random, number))
  for (const user of everyone) yield* user.introduce()
  const playing = Array.from({ length: Math.min(users, atOnce) }, () => random.nextInt(users))
  let now = start
  for (let event = 0; event < events; event++) {
    now += 500 + random.nextInt(9_000)
    const seat = random.nextInt(playing.length)
    if (random.nextDouble() < leaving) playing[seat] = random.nextInt(users)
    const user = everyone[playing[seat] ?? 0]
    if (user) yield* user.moveMoney(now)
  }
}

/** So many users are at it at a time, until one leaves and another one comes. */
const atOnce = 50
const leaving = 0.05

/** Someone whose money moves. */
class User {
  readonly #random: JavaRandom
  readonly #id: string
  #cents: number
  #session: { readonly id: string; readonly until: number } | undefined
  /** One that has expired by the time it is used again. */
  #formerSession: string | undefined

  constructor(random: JavaRandom, number: number) {
    this.#random = random
    this.#id = `user-${number + 1}`
    this.#cents = 10_000 + random.nextInt(1_000_000)
  }

  /** What is known of the user before any money moves. */
  *introduce(): Generator<Told, void, void> {
    const since = start - day * (1 + this.#random.nextInt(30))
    yield this.#changeAddress(since)
    if (this.#chance(0.9)) {
      const birthYear = 1940 + this.#random.nextInt(65)
      yield this.#told('user-events', 'ChangeBirthDateEvent', since, { birthYear, birthCityPlace: 'Gdynia' })
    }
  }

  *moveMoney(now: number): Generator<Told, void, void> {
    if (this.#chance(0.01)) yield this.#changeAddress(now)
    if (this.#chance(0.002))
      yield this.#told('user-events', 'ChangeEmailEvent', now, { email: 'kept elsewhere' })
    const old = this.#chance(0.01)
    const userSessionId = yield* this.#sessionFor(now, old)
    const opening = this.#cents
    const cents = 1 + this.#random.nextInt(50_000)
    this.#cents += this.#chance(0.5) ? cents : -Math.min(cents, this.#cents)
    const pays = this.#chance(0.4)
    yield this.#told('wallet-events', pays ? 'PaymentEvent' : 'TransactionEvent', now, {
      ...(userSessionId !== undefined && { userSessionId }),
      amount: decimal(cents),
      currency: 'EUR',
      openingBalance: decimal(opening),
      closingBalance: decimal(this.#cents),
      moneyType: moneyTypes[this.#random.nextInt(moneyTypes.length)],
      isOldMoneyEvent: old,
      ...(pays ? { paymentRelatedThing: 'card' } : { transactionRelatedThing: 'round' }),
    })
    if (this.#chance(0.01)) yield this.#told('wallet-events', 'WalletLimitEvent', now, { limit: '1000.00' })
  }

  /** The session in which money moves, if it is in one; begun, if need be. */
  *#sessionFor(now: number, old: boolean): Generator<Told, string | undefined, void> {
    if (this.#chance(0.05)) return undefined
    // Nobody tells of old sessions, nor of some others.
    if (old || this.#chance(0.01)) return this.#uuid()
    if (this.#formerSession !== undefined && this.#chance(0.005)) return this.#formerSession
    if (this.#session && now < this.#session.until) return this.#session.id
    if (this.#session && this.#session.until + day < now) this.#formerSession = this.#session.id
    const id = this.#uuid()
    this.#session = { id, until: now + 600_000 + this.#random.nextInt(3 * 3_600_000) }
    const clientCountryCode = this.#country()
    const begun = now - this.#random.nextInt(5_000)
    yield this.#told('session-events', 'UserSessionCreatedEvent', begun, { id, clientCountryCode })
    return id
  }

  #changeAddress(at: number): Told {
    return this.#told('user-events', 'ChangeAddressEvent', at, {
      residentCountryCode: this.#country(),
      address: `${1 + this.#random.nextInt(200)} Long Street`,
      postalCode: String(10_000 + this.#random.nextInt(90_000)),
    })
  }

  #told(topic: MoneyTopic, type: string, at: number, fields: object): Told {
    const processedAt = new Date(at).toISOString()
    return { topic, record: { type, id: this.#uuid(), userId: this.#id, processedAt, ...fields } }
  }

  #chance(share: number): boolean {
    return this.#random.nextDouble() < share
  }

  #country(): string {
    return countries[this.#random.nextInt(countries.length)] ?? 'PL'
  }

  #uuid(): string {
    return uuidV3FromBytes(this.#random.nextBytes(8))
  }
}

/** Cents as a decimal. */
function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`
}

const day = 86_400_000
const start = Date.UTC(2020, 0, 1)
const countries = ['PL', 'DE', 'SE', 'ES', 'GB', 'MT']
const moneyTypes = ['REAL', 'BONUS', 'PENDING']
