/**
 * What docs/semantics.md (Money enrichment) says should come out, worked out anew from the plain set of facts for every
 * question: no state, no index, no shortcut, and nothing of the code under test. It is quadratic, and easy to check
 * against the page sentence by sentence.
 */

export interface MoneyFact {
  readonly type: 'money'
  readonly id: string
  readonly user: string
  readonly session: string | undefined
  /** All instants are epoch milliseconds. */
  readonly at: number
  readonly moneyType: string
  readonly old: boolean
}

/** A user has another year of birth or country from an instant on. */
export interface UserFact {
  readonly type: 'user'
  readonly id: string
  readonly user: string
  readonly at: number
  readonly field: 'birthYear' | 'country'
  readonly value: string
}

export interface CreatedFact {
  readonly type: 'created'
  readonly session: string
  readonly at: number
  readonly country: string
}

export interface ClosedFact {
  readonly type: 'closed'
  readonly session: string
  readonly at: number
}

/** Something of a type that carries nothing for us but its time. */
export interface OtherFact {
  readonly type: 'other'
  readonly topic: 'wallet-events' | 'user-events' | 'session-events'
  readonly at: number
}

/** The `lookup`th lookup of a session was answered with a country, or failed. */
export interface AnswerFact {
  readonly type: 'answer'
  readonly session: string
  readonly lookup: number
  readonly country: string | undefined
}

/** An operator had the session service asked for the `lookup`th time. */
export interface RetryFact {
  readonly type: 'retry'
  readonly session: string
  readonly lookup: number
}

export type Fact = MoneyFact | UserFact | CreatedFact | ClosedFact | OtherFact | AnswerFact | RetryFact

/** Milliseconds. */
export interface Rules {
  readonly timeToLive: number
  readonly wait: number
}

export interface ExpectedMoney {
  readonly id: string
  readonly user: string
  readonly birthYear: string | undefined
  readonly country: string | undefined
  readonly session: 'known' | 'looked-up' | 'pending' | 'none' | 'unresolved'
  readonly client: string | undefined
  readonly first: boolean
}

/** The enriched money that a set of facts makes, by `<user>/<id>`. */
export function expectedMoney(facts: readonly Fact[], rules: Rules): Map<string, ExpectedMoney> {
  const all = moneyOf(facts)
  const expected = new Map<string, ExpectedMoney>()
  for (const money of all) {
    const { id, user } = money
    expected.set(`${user}/${id}`, {
      id,
      user,
      birthYear: asOf(money, 'birthYear', facts),
      country: asOf(money, 'country', facts),
      ...sessionOf(money, facts, rules),
      first: all.every((other) => !isBefore(other, money)),
    })
  }
  return expected
}

/** The sessions that the session service is to be asked for, in the order of their ids. */
export function expectedWanted(facts: readonly Fact[], rules: Rules): string[] {
  const clock = clockOf(facts)
  const wanted = moneyOf(facts).flatMap((money) => {
    const { session } = money
    if (session === undefined || lookupOf(session, facts) !== 'open') return []
    if (sessionOf(money, facts, rules).session !== 'pending') return []
    const waits = !money.old && !creationOf(session, facts)
    return waits && clock <= money.at + rules.wait ? [] : [session]
  })
  return [...new Set(wanted)].sort()
}

/** The sessions of which some money needs an answer that could not be had. */
export function expectedUnresolved(facts: readonly Fact[], rules: Rules): string[] {
  const unresolved = moneyOf(facts).flatMap((money) =>
    sessionOf(money, facts, rules).session === 'unresolved' ? [money.session!] : [],
  )
  return [...new Set(unresolved)].sort()
}

/**
 * What is published of each money, in its order, given the order in which the facts came into the log: what it is when it
 * is no longer pending, and whenever that changes.
 */
export function expectedPublications(log: readonly Fact[], rules: Rules): Map<string, ExpectedMoney[]> {
  const published = new Map<string, ExpectedMoney[]>()
  let before = new Map<string, ExpectedMoney>()
  for (let seen = 1; seen <= log.length; seen++) {
    const after = expectedMoney(log.slice(0, seen), rules)
    for (const [id, money] of after) {
      if (money.session === 'pending' || JSON.stringify(before.get(id)) === JSON.stringify(money)) continue
      published.set(id, [...(published.get(id) ?? []), money])
    }
    before = after
  }
  return published
}

/** The greatest event time of all. */
export function clockOf(facts: readonly Fact[]): number {
  return Math.max(...facts.flatMap((fact) => ('at' in fact ? [fact.at] : [])))
}

/** Each money once, however often it came. */
function moneyOf(facts: readonly Fact[]): MoneyFact[] {
  const money = new Map<string, MoneyFact>()
  for (const fact of facts) {
    if (fact.type !== 'money') continue
    const identity = JSON.stringify([fact.user, fact.id])
    if (!money.has(identity)) money.set(identity, fact)
  }
  return [...money.values()]
}

/** Of the same user and type, and earlier; of two at the same time the one with the lesser id. */
function isBefore(other: MoneyFact, money: MoneyFact): boolean {
  if (other.user !== money.user || other.moneyType !== money.moneyType) return false
  return other.at === money.at ? bytewise(other.id, money.id) < 0 : other.at < money.at
}

/** The latest change of a field that is not after the money; of several at one time the greatest id, then value. */
function asOf(money: MoneyFact, field: UserFact['field'], facts: readonly Fact[]): string | undefined {
  let latest: UserFact | undefined
  for (const fact of facts) {
    if (fact.type !== 'user' || fact.user !== money.user || fact.field !== field || fact.at > money.at)
      continue
    if (!latest || isLater(fact, latest)) latest = fact
  }
  return latest?.value
}

function isLater(a: UserFact, b: UserFact): boolean {
  if (a.at !== b.at) return a.at > b.at
  return (bytewise(a.id, b.id) || bytewise(a.value, b.value)) > 0
}

function sessionOf(
  { session, at, old }: MoneyFact,
  facts: readonly Fact[],
  { timeToLive }: Rules,
): Pick<ExpectedMoney, 'session' | 'client'> {
  if (session === undefined) return { session: 'none', client: undefined }
  const creation = creationOf(session, facts)
  if (creation && !old && at < creation.at + timeToLive) return { session: 'known', client: creation.country }
  const lookup = lookupOf(session, facts)
  if (lookup === 'open') return { session: 'pending', client: undefined }
  if (lookup === 'failed') return { session: 'unresolved', client: undefined }
  return { session: 'looked-up', client: lookup.country }
}

/** Of several creations the least time, then the least country. */
function creationOf(session: string, facts: readonly Fact[]): CreatedFact | undefined {
  let least: CreatedFact | undefined
  for (const fact of facts) {
    if (fact.type !== 'created' || fact.session !== session) continue
    if (!least || fact.at < least.at || (fact.at === least.at && bytewise(fact.country, least.country) < 0))
      least = fact
  }
  return least
}

/** What the last lookup came to; `open` if there was none, or if it is to be done again. */
function lookupOf(session: string, facts: readonly Fact[]): 'open' | 'failed' | { readonly country: string } {
  const answers = facts.filter((fact) => fact.type === 'answer' && fact.session === session) as AnswerFact[]
  const retries = facts.filter((fact) => fact.type === 'retry' && fact.session === session) as RetryFact[]
  const last = answers.sort((a, b) => a.lookup - b.lookup).at(-1)
  if (!last || retries.some(({ lookup }) => lookup > last.lookup)) return 'open'
  return last.country === undefined ? 'failed' : { country: last.country }
}

function bytewise(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
