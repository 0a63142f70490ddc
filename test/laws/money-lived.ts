import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { arrivalOf } from '../../bridge/arrivals.js'
import { importFile } from '../../bridge/file-import.js'
import type { KindName } from '../../bridge/formats/kind-names.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { takeIn } from '../../commands/intake.js'
import { setSessionRules } from '../../commands/session-rules.js'
import type { NewEvent } from '../../domain/event.js'
import { lookupAnswered, lookupRetried } from '../../domain/session-lookup.js'
import type { Fold } from '../../projections/running/fold.js'
import { drain, goOn, openFold, type Place } from './lived-history.js'
import type { Step } from './histories.js'
import type { AnswerFact, Fact, RetryFact, Rules } from './money-oracle.js'

/** Lives through a history of money: takes its facts in as they arrive, and folds, restarts and crashes as it says. */
export async function liveMoney(place: Place, steps: readonly Step<Fact>[], rules: Rules): Promise<void> {
  await setSessionRules(place.eventStore, rules)
  let fold: Fold | undefined
  for (const [at, step] of steps.entries()) {
    await arrive(place, step, at)
    fold = await goOn(place, fold, step.then)
  }
  await drain(await openFold(place), place.eventStore, 1_000)
}

async function arrive(place: Place, { by, facts }: Step<Fact>, at: number): Promise<void> {
  for (const [n, group] of groups(facts, by).entries()) {
    const kind = kindOf(group[0]!)
    if (kind !== 'lookups') await takeLines(place, kind, group, by, `${at}-${n}`)
    else await place.eventStore.append(group.map((fact) => lookupEvent(fact as AnswerFact | RetryFact)))
  }
}

/** Facts of one kind that arrive together, one after the other; single ones arrive alone. */
function groups(facts: readonly Fact[], by: Step['by']): Fact[][] {
  const all: Fact[][] = []
  for (const fact of facts) {
    const last = all.at(-1)
    if (by !== 'single' && last?.[0] && kindOf(last[0]) === kindOf(fact)) last.push(fact)
    else all.push([fact])
  }
  return all
}

function kindOf(fact: Fact): KindName | 'lookups' {
  const { type } = fact
  if (type === 'other') return fact.topic
  if (type === 'money') return 'wallet-events'
  if (type === 'answer' || type === 'retry') return 'lookups'
  return type === 'user' ? 'user-events' : 'session-events'
}

function lookupEvent(fact: AnswerFact | RetryFact): NewEvent {
  const { session, lookup } = fact
  const state = { lookups: lookup - 1, status: 'open' } as const
  if (fact.type === 'retry') return lookupRetried(session, state, {})
  return fact.country === undefined
    ? lookupAnswered(session, state, { type: 'failed', reason: 'service-failed', detail: '' }, {})
    : lookupAnswered(session, state, { type: 'found', clientCountryCode: fact.country }, {})
}

async function takeLines(
  { folder, eventStore }: Place,
  kind: KindName,
  facts: readonly Fact[],
  by: Step['by'],
  name: string,
): Promise<void> {
  // Something that carries nothing for us, not even its time, stands in between.
  const others = facts.filter(({ type }) => type === 'other').length
  const lines = [...facts.map(lineOf), JSON.stringify({ type: 'SomethingElse', userId: 5 })]
  const text = lines.join('\n') + '\n'
  if (by === 'file') {
    const path = join(folder, name)
    mkdirSync(folder, { recursive: true })
    writeFileSync(path, text)
    const { read, ignored, rejected } = await importFile(eventStore, kind, path)
    if (read !== lines.length || ignored !== 1 + others || rejected > 0)
      throw new Error(`${read} read, ${ignored} ignored, ${rejected} rejected`)
    return
  }
  const arrivals = new LineSplitter()
    .push(Buffer.from(text))
    .flatMap((line) => arrivalOf(kind, line, `key:${name}`) ?? [])
  const { appended, duplicates, ignored, rejected } = await takeIn(eventStore, arrivals)
  if (ignored !== others || appended + duplicates + others !== facts.length)
    throw new Error(`rejected: ${JSON.stringify(rejected)}`)
}

/** A fact as a line of a file: lines of one kind take turns in how they are written. */
function lineOf(fact: Fact, turn: number): string {
  if (!('at' in fact)) throw new TypeError('lookups come from nowhere else')
  const processedAt = new Date(fact.at).toISOString().replace('Z', turn % 2 === 0 ? 'Z' : '+00:00')
  if (fact.type === 'money') {
    const { id, user, session, moneyType, old } = fact
    const [kind, related] =
      id < 'a' ? ['PaymentEvent', 'paymentRelatedThing'] : ['TransactionEvent', 'transactionRelatedThing']
    return JSON.stringify({
      [related]: { thing: id },
      type: kind,
      id,
      userId: user,
      userSessionId: session ?? (turn % 2 === 0 ? null : undefined),
      processedAt,
      amount: turn % 2 === 0 ? 12.5 : '12.5',
      currency: 'EUR',
      openingBalance: '0',
      closingBalance: '-12.50',
      moneyType,
      isOldMoneyEvent: old,
    })
  }
  if (fact.type === 'user') {
    const { id, user, field, value } = fact
    const common = { ...(id !== '' && { id }), userId: user, processedAt }
    return field === 'country'
      ? JSON.stringify({ type: 'ChangeAddressEvent', ...common, residentCountryCode: value })
      : JSON.stringify({ type: 'ChangeBirthDateEvent', ...common, birthYear: Number(value) })
  }
  if (fact.type === 'other') return JSON.stringify({ type: 'SomethingElse', userId: 5, processedAt })
  const { type, session: id } = fact
  return type === 'created'
    ? JSON.stringify({ type: 'UserSessionCreatedEvent', id, processedAt, clientCountryCode: fact.country })
    : JSON.stringify({ type: 'UserSessionClosedEvent', id, processedAt })
}
