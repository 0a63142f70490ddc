import { agreementOf, type AgreementSigned } from '../../domain/agreement.js'
import { addRecords, type BillingPeriod } from '../../domain/billing-period.js'
import { byPrecedence, coveragesOf } from '../../domain/coverage.js'
import {
  advance,
  reading,
  setLateness,
  tick,
  type AllowedLatenessSet,
  type ClockAdvanced,
} from '../../domain/data-record-clock.js'
import type { DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import { notify } from '../../domain/notification.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { closed, closing } from './closing.js'
import {
  clockId,
  clockOf,
  listPeriod,
  openPeriods,
  periodOf,
  setClock,
  subscriberOf,
  type Subscriber,
} from './documents.js'
import { takeOver } from './take-over.js'
import type { HeldDocument } from '../running/kept-documents.js'
import { SubscriberMemo, type Match } from './subscriber-memo.js'
import type { Documents, SharedProjection, Want } from '../projection.js'
import { addToPage, recordPageId, recordPages, recordPageSpec } from './record-pages.js'

/**
 * What each agreement used in each month: records are matched to agreements, summed by billing period, and
 * notifications raised, whatever order records and agreements arrive in (docs/semantics.md, Data plans).
 */
export const dataPlans: SharedProjection = {
  name: 'data-plans',
  version: 4,
  categories: ['agreement', 'subscriber', 'clock', 'billing'],
  derives: ['DataPlanExceeded', 'BillingPeriodClosed', 'BillingPeriodCorrected'],
  collections: {
    agreements: {},
    subscribers: {},
    'billing-periods': {},
    [openPeriods]: {},
    [recordPages]: recordPageSpec,
    clocks: {},
  },
  watches: [['clocks', clockId]],
  sharing: {
    keyOf: ({ data }) => ('msisdn' in data ? (data as DataRecorded['data']).msisdn : undefined),
    elsewhere: {
      DataRecorded: ({ data }, documents) =>
        tickClock(documents, parseTimestamp((data as DataRecorded['data']).recordedAt)),
    },
  },
  touch,
  handlers: {
    DataRecorded: (event, documents) => recordData(event as RecordedEvent<DataRecorded>, documents),
    AgreementSigned: (event, documents) => signAgreement(event as RecordedEvent<AgreementSigned>, documents),
    ClockAdvanced: ({ data }, documents) => {
      setClock(documents, advance(clockOf(documents), Date.parse((data as ClockAdvanced['data']).to)))
    },
    AllowedLatenessSet: ({ data }, documents) => {
      setClock(documents, setLateness(clockOf(documents), (data as AllowedLatenessSet['data']).milliseconds))
    },
  },
  debt: closing,
}

/** The subscriber, the page that a record is added to, and the period that it is counted in. */
function touch(event: RecordedEvent, want: Want, documents: Documents): void {
  if (!('msisdn' in event.data)) return
  const { msisdn, recordedAt } = event.data as DataRecorded['data']
  const memo = SubscriberMemo.of(msisdn, documents)
  if (!memo) want('subscribers', msisdn)
  if (event.type !== 'DataRecorded') return
  const record = event as RecordedEvent<DataRecorded>
  if (!memo?.page(record, documents)) want(recordPages, recordPageId(record))
  const match = memo?.matchAt(parseTimestamp(recordedAt))
  if (match && !memo?.period(match, documents)) want('billing-periods', match.id)
}

function recordData(event: RecordedEvent<DataRecorded>, documents: Documents): void | Promise<void> {
  const { msisdn, recordedAt } = event.data
  const memo = SubscriberMemo.of(msisdn, documents)
  const page = memo?.page(event, documents)
  if (!memo || !page) throw new Error(`the documents of subscriber ${msisdn} were not loaded`)
  const instant = parseTimestamp(recordedAt)
  const match = memo.matchAt(instant)
  addToPage(page, event, match !== undefined)
  if (!match) return tickClock(documents, instant)
  const held = memo.period(match, documents)
  if (held) return countRecord(event, instant, match, held, documents)
  // The agreement came in the same page as the record: its period could not be foreseen.
  return documents
    .load('billing-periods', [match.id])
    .then(() => recordLoaded(event, instant, match, documents))
}

function recordLoaded(
  event: RecordedEvent<DataRecorded>,
  instant: number,
  match: Match,
  documents: Documents,
): void {
  const held = documents.hold('billing-periods', match.id)
  if (!held) throw new Error(`billing period ${match.id} was not loaded`)
  countRecord(event, instant, match, held, documents)
}

function countRecord(
  event: RecordedEvent<DataRecorded>,
  instant: number,
  { agreement, month }: Match,
  held: HeldDocument,
  documents: Documents,
): void {
  const { recordedAt, externalRecordId, recordedBytes } = event.data
  const clock = clockOf(documents)
  const ended = reading(clock) >= month.end
  const stored = held.document as BillingPeriod | undefined
  const period = closed(stored ?? periodOf(documents, agreement, month), ended, documents)
  const record = { internalRecordId: event.id, externalRecordId, recordedAt, recordedBytes }
  const counted = addRecords(period, [record], ended)
  const notices = notify(counted, period.totalRecordedBytes, ended, event)
  for (const raised of notices.raised) documents.derive(raised.event, raised.revision)
  listPeriod(documents, held.id, stored?.openUntil, notices.period)
  held.change(notices.period)
  if (tick(clock, instant) !== clock) tickClock(documents, instant)
}

/** @param instant of a record, epoch milliseconds */
function tickClock(documents: Documents, instant: number): void {
  const clock = clockOf(documents)
  const ticked = tick(clock, instant)
  if (ticked !== clock) setClock(documents, ticked)
}

async function signAgreement(event: RecordedEvent<AgreementSigned>, documents: Documents): Promise<void> {
  const agreement = agreementOf(event.data)
  const { agreements } = subscriberOf(documents, agreement.msisdn)
  if (agreements.some(({ id }) => id === agreement.id)) return
  const all = [...agreements, agreement].sort(byPrecedence)
  const coverage = coveragesOf(all).find((one) => one.agreement === agreement)
  if (coverage) await takeOver(event, coverage, documents)
  const subscriber = subscriberOf(documents, agreement.msisdn)
  documents.put('subscribers', agreement.msisdn, { ...subscriber, agreements: all } satisfies Subscriber)
  const { agreementId, ...terms } = event.data
  documents.put('agreements', agreementId, { id: agreementId, ...terms })
}
