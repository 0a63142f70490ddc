import { agreementOf, type Agreement, type AgreementSigned } from '../../domain/agreement.js'
import { plus } from '../../domain/bytes.js'
import { coveragesOf, type Coverage } from '../../domain/coverage.js'
import type { DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import { matchOf, ownerAt, type Match } from '../../domain/match-reason.js'
import { billingPeriodStream, type Notification } from '../../domain/notification.js'
import { monthOf, type Month } from '../../domain/time-zone.js'
import { formatTimestamp, parseTimestamp } from '../../domain/timestamp.js'
import type { Subscriber } from '../data-plans/documents.js'
import { dataPlans } from '../data-plans/data-plans.js'
import { NothingToExplain, type Contribution, type Evidence, type Explainer } from './explainer.js'
import { placeOf, shownInstant, type AppliedRule, type Ground } from './explanation.js'
import { readLive } from '../queries/live.js'

/** What an agreement used in a month: its subscriber’s data records, and why they are counted there. */
export const billingPeriodExplainer: Explainer<'id' | 'month'> = {
  name: 'billing-period',
  summary: 'What an agreement used in a month',
  parameters: {
    id: { description: 'the id of an agreement', example: '0b12c601-9287-3f5c-a78c-df508fe0f889' },
    month: {
      description: 'a month as yyyy-MM',
      pattern: '^([0-9]{4}|10000)-(0[1-9]|1[0-2])$',
      example: '2020-01',
    },
  },
  projection: dataPlans,
  open: async ({ id, month: key }, log) => {
    const own = await signed(id, log)
    const month = own && monthOf(own.agreement.billingPeriodTimeZone, key)
    if (!month) throw new NothingToExplain(`there is no agreement ${JSON.stringify(id)}`)
    const all = await agreementsOfSubscriber(own, log)
    const { msisdn, billingPeriodTimeZone, maxBytesInBillingPeriod } = own.agreement
    return {
      subject: {
        type: 'billing-period',
        agreementId: id,
        month: key,
        msisdn,
        billingPeriodTimeZone,
        start: shownInstant(month.start),
        end: shownInstant(month.end),
        maxBytesInBillingPeriod,
      },
      otherwise: `agreement ${JSON.stringify(id)} has no data records in ${key}`,
      rule,
      grounds: groundsOf(all, month),
      figure: { name: 'totalRecordedBytes', unit: 'bytes', zero: 0, plus },
      sources: [{ stream: `subscriber-${msisdn}`, read: counter(own, all, month) }],
      outcomes: {
        stream: billingPeriodStream(id, key),
        read: ({ data }) => (data as Notification['data']).totalRecordedBytes,
      },
    }
  },
}

const rule =
  'The sum of recordedBytes over the data records of the msisdn with start <= recordedAt < end that belong to the ' +
  'agreement: a record belongs, among the agreements of its msisdn with serviceStartAt <= recordedAt, to the one with ' +
  'the latest serviceStartAt, then the latest signedAt, then the greatest id.'

/** An agreement, and the event that says so. */
interface Signed {
  readonly agreement: Agreement
  readonly event: RecordedEvent
}

/** Undefined: the log does not know of it. */
async function signed(id: string, { eventStore, position }: Evidence): Promise<Signed | undefined> {
  const [event] = await eventStore.readStream(`agreement-${id}`, { limit: 1 })
  if (!event || event.position > position) return undefined
  return { agreement: agreementOf(event.data as AgreementSigned['data']), event }
}

/** All agreements of the same subscriber, this one included. The read model tells their ids, the log what they say. */
async function agreementsOfSubscriber(own: Signed, log: Evidence): Promise<Signed[]> {
  const { id, msisdn } = own.agreement
  const [row] = await readLive(log.models, dataPlans.name, (build) => build.getMany('subscribers', [msisdn]))
  const known = row ? (JSON.parse(row.text) as Subscriber).agreements : []
  const all = [own]
  for (const other of known) {
    const found = other.id === id ? undefined : await signed(other.id, log)
    if (found) all.push(found)
  }
  return all
}

/** The agreements that records of the month can belong to, in the order of the log. */
function groundsOf(all: readonly Signed[], month: Month): Ground[] {
  const coverages = coveragesOf(all.map(({ agreement }) => agreement))
  return all
    .filter(({ agreement }) => agreement.serviceStartAt < month.end)
    .sort((a, b) => a.event.position - b.event.position)
    .map(({ agreement, event }) => ({
      ...placeOf(event),
      at: formatTimestamp(agreement.signedAt),
      detail: covered(
        agreement,
        coverages.find((one) => one.agreement === agreement),
      ),
    }))
}

function covered({ id, serviceStartAt }: Agreement, coverage: Coverage | undefined): string {
  const from = `agreement ${id}, service from ${formatTimestamp(serviceStartAt)}`
  if (!coverage) return `${from}: counts nothing, since another one that starts then goes before it`
  const end =
    coverage.to === Infinity ? 'on' : `until ${formatTimestamp(coverage.to)}, when another one starts`
  return `${from}: counts records from then ${end}`
}

/** Which records of the subscriber the agreement counts in the month, and why. */
function counter(own: Signed, all: readonly Signed[], month: Month) {
  const agreements = all.map(({ agreement }) => agreement)
  const coverage = coveragesOf(agreements).find(({ agreement }) => agreement === own.agreement)
  return (event: RecordedEvent): Contribution | undefined => {
    if (event.type !== 'DataRecorded' || !coverage) return undefined
    const { recordedAt, recordedBytes } = event.data as DataRecorded['data']
    const instant = parseTimestamp(recordedAt)
    if (instant < Math.max(month.start, coverage.from) || instant >= Math.min(month.end, coverage.to))
      return undefined
    const match = matchOf(own.agreement, agreements, instant)
    return { at: recordedAt, amount: recordedBytes, rule: applied(match, event, instant, own, all) }
  }
}

function applied(
  match: Match,
  { position }: RecordedEvent,
  instant: number,
  own: Signed,
  all: readonly Signed[],
): AppliedRule {
  const came = own.event.position
  if (came < position)
    return { code: match.reason, detail: `${reasons[match.reason](match)}.`, since: position }
  const before = all.filter(({ event }) => event.position < came).map(({ agreement }) => agreement)
  const previous = ownerAt(before, instant)
  const until = previous ? `agreement ${previous.id} counted it` : 'no agreement counted it'
  return {
    code: match.reason,
    detail: `${reasons[match.reason](match)}. Until the agreement came, at position ${came}, ${until}.`,
    since: came,
    ...(previous && { from: previous.id }),
  }
}

const reasons: Readonly<Record<Match['reason'], (match: Match) => string>> = {
  'only-agreement': () => 'The only agreement whose service had started',
  'latest-service-start': ({ over }) => `Its service started last: after that of agreement ${over?.id}`,
  'latest-signature': ({ over }) => `It was signed last: after agreement ${over?.id}, which starts with it`,
  'greatest-id': ({ over }) =>
    `It has the greatest id: agreement ${over?.id} starts with it and was signed with it`,
}
