import { compareBytewise } from '../../domain/bytewise.js'
import {
  enriched,
  enrichedStream,
  matchSession,
  type EnrichedMoney,
  type Enrichment,
  type MoneyEnriched,
} from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import { moneyEventId, type MoneyEvent } from '../../domain/money.js'
import { defaultSessionRules, sessionRulesStream, type SessionRulesSet } from '../../domain/session-rules.js'
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import {
  NothingToExplain,
  type Case,
  type Contribution,
  type Evidence,
  type Explainer,
  type Source,
} from './explainer.js'
import { placeOf, type Ground } from './explanation.js'
import { moneyEnriched } from '../money/money-enriched.js'
import { eventsOf } from '../past/stream-reading.js'
import { sessionOf, type DecidingEvent } from './money-session.js'
import { userOf, type UserFound } from './money-user.js'

/** What is known of some money: of its user, of its session, and whether it is the first of its type. */
export const moneyEventExplainer: Explainer<'userId' | 'id'> = {
  name: 'money-event',
  summary: 'What is known of some money',
  parameters: {
    userId: { description: 'the id of a user', example: 'user-1' },
    id: { description: 'the id of some money of the user', example: '8d0f7f0e-5a1c-4b8e-9c59-0d0f3a1f4c11' },
  },
  projection: moneyEnriched,
  open: async ({ userId, id }, log) => {
    const { money, first } = await moneyOf(userId, id, log)
    const at = parseTimestamp(money.data.processedAt)
    const user = await userOf(userId, at, log)
    const rules = await rulesFor(money, log)
    const session = await sessionOf(money.data.userSessionId, log)
    const timeToLive = rules?.data.timeToLive ?? defaultSessionRules.timeToLive
    const enrichment: Enrichment = {
      userInfo: user.info,
      session: matchSession(money.data, session?.facts, timeToLive),
      firstOccurrence: first === money,
    }
    return {
      subject: { type: 'money-event', userId, id },
      otherwise: `user ${JSON.stringify(userId)} has no money ${JSON.stringify(id)}`,
      rule: `${rule} The time to live is ${timeToLive / 1000} s${rules ? '' : ', as nothing else was set'}.`,
      grounds: rules ? [groundOf(rules)] : [],
      figure: { name: 'enrichment', value: shown(enriched(money.data, enrichment)) },
      sources: sourcesOf(
        money,
        first,
        user,
        session?.deciding(money.data, enrichment.session.status, timeToLive) ?? [],
      ),
      outcomes: {
        stream: enrichedStream(userId),
        read: ({ data }) => {
          const document = data as MoneyEnriched['data']
          return document.money.id === id ? shown(document) : undefined
        },
      },
    } satisfies Case
  },
}

const rule =
  'Of the user, per field, the latest change with processedAt <= that of the money. Of its session, the creation with the ' +
  'least processedAt, if the money was moved before its time to live was over and is not old; else what the session ' +
  'service answered. It is the first if no money of the user and type has a lesser processedAt, then a lesser id.'

/** The part of a document that is explained. */
function shown({ userInfo, sessionInfo, firstOccurrence, enrichment }: EnrichedMoney): object {
  const known = { ...(userInfo && { userInfo }), ...(sessionInfo && { sessionInfo }) }
  return { ...known, firstOccurrence, session: enrichment.session }
}

/**
 * The event of the money, and that of the first of its user and type.
 *
 * @throws {NothingToExplain}
 */
async function moneyOf(userId: string, id: string, log: Evidence) {
  const wanted = moneyEventId(userId, id)
  const firsts = new Map<string, RecordedEvent<MoneyEvent>>()
  let money: RecordedEvent<MoneyEvent> | undefined
  for await (const event of eventsOf(`money-${userId}`, log)) {
    const recorded = event as RecordedEvent<MoneyEvent>
    const { moneyType } = recorded.data
    if (event.id === wanted) money = recorded
    const first = firsts.get(moneyType)
    if (!first || isBefore(recorded, first)) firsts.set(moneyType, recorded)
  }
  if (money) return { money, first: firsts.get(money.data.moneyType) ?? money }
  throw new NothingToExplain(`user ${JSON.stringify(userId)} has no money ${JSON.stringify(id)}`)
}

function isBefore({ data: a }: RecordedEvent<MoneyEvent>, { data: b }: RecordedEvent<MoneyEvent>): boolean {
  const order = parseTimestamp(a.processedAt) - parseTimestamp(b.processedAt)
  return (order || compareBytewise(a.id, b.id)) < 0
}

/** The rules that held where the money stands in the log; undefined: those that hold while nothing is said. */
async function rulesFor(
  { position }: RecordedEvent,
  log: Evidence,
): Promise<RecordedEvent<SessionRulesSet> | undefined> {
  let rules: RecordedEvent | undefined
  for await (const event of eventsOf(sessionRulesStream, { ...log, position })) {
    if (event.type === 'SessionRulesSet') rules = event
  }
  return rules as RecordedEvent<SessionRulesSet> | undefined
}

function groundOf(rules: RecordedEvent<SessionRulesSet>): Ground {
  const detail = `a session counts for ${rules.data.timeToLive / 1000} s after its creation`
  return { ...placeOf(rules), at: formatTimestamp(rules.recordedTime), detail }
}

/** The events that decide, one source for each. */
function sourcesOf(
  money: RecordedEvent<MoneyEvent>,
  first: RecordedEvent<MoneyEvent>,
  { changes }: UserFound,
  session: readonly DecidingEvent[],
): Source[] {
  const since = money.position
  const because = (event: RecordedEvent, at: string, code: string, detail: string): Source => {
    const applied = { code, detail, since: Math.max(event.position, since) }
    const contribution: Contribution = { at, rule: applied }
    return { stream: event.stream, only: event.revision, read: () => contribution }
  }
  const { processedAt, moneyType } = money.data
  const isFirst = first === money ? `, the first of type ${moneyType}` : ''
  const sources = [because(money, processedAt, 'the-money', `It is the money itself${isFirst}.`)]
  if (first !== money) {
    const detail = `Money ${first.data.id} of type ${moneyType} comes before it.`
    sources.push(because(first, first.data.processedAt, 'first-occurrence', detail))
  }
  for (const { event, code, detail } of changes)
    sources.push(because(event, event.data.processedAt, code, detail))
  for (const { event, at, code, detail } of session) sources.push(because(event, at, code, detail))
  return sources
}
