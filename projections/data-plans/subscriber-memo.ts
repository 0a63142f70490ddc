import type { Agreement } from '../../domain/agreement.js'
import { coverageAt, coveragesOf, type Coverage } from '../../domain/coverage.js'
import type { DataRecorded } from '../../domain/data-record.js'
import type { RecordedEvent } from '../../domain/event.js'
import { monthAt, type Month } from '../../domain/time-zone.js'
import { noAgreements, periodId, type Subscriber } from './documents.js'
import type { HeldDocument } from '../running/kept-documents.js'
import type { Documents } from '../projection.js'
import { pageNumber, recordPageId, recordPages } from './record-pages.js'

/** The agreement that covers a record, and the month and id of its billing period. */
export interface Match {
  readonly agreement: Agreement
  readonly month: Month
  readonly id: string
}

/**
 * What one subscriber's records have in common, worked out for the first of them and used for those that follow: most
 * of them fall into the same month and the same page. It hangs on the subscriber's document and goes with it.
 */
export class SubscriberMemo {
  #subscriber: Subscriber = noAgreements
  #coverages: readonly Coverage[] = []
  #match: Match | undefined
  #period: HeldDocument | undefined
  #page: HeldDocument | undefined
  #pageNumber = -1
  #month = ''

  /** Undefined while the subscriber's document is not at hand. */
  static of(msisdn: string, documents: Documents): SubscriberMemo | undefined {
    const held = documents.hold('subscribers', msisdn)
    if (!held) return undefined
    const memo = (held.memo ??= new SubscriberMemo()) as SubscriberMemo
    const subscriber = (held.document as Subscriber | undefined) ?? noAgreements
    if (subscriber !== memo.#subscriber) memo.#begin(subscriber)
    return memo
  }

  matchAt(instant: number): Match | undefined {
    const agreement = coverageAt(this.#coverages, instant)?.agreement
    if (!agreement) return undefined
    const known = this.#match
    if (known?.agreement === agreement && instant >= known.month.start && instant < known.month.end)
      return known
    const month = monthAt(agreement.billingPeriodTimeZone, instant)
    this.#period = undefined
    this.#match = { agreement, month, id: periodId(agreement, month) }
    return this.#match
  }

  /** The document of the period that {@link matchAt} answered last; undefined if it is not at hand. */
  period(match: Match, documents: Documents): HeldDocument | undefined {
    if (this.#period?.use()) return this.#period
    this.#period = documents.hold('billing-periods', match.id)
    return this.#period
  }

  /** The page that a record belongs to; undefined if it is not at hand. */
  page(event: RecordedEvent<DataRecorded>, documents: Documents): HeldDocument | undefined {
    const number = pageNumber(event.revision)
    const { recordedAt } = event.data
    if (number === this.#pageNumber && recordedAt.startsWith(this.#month) && this.#page?.use())
      return this.#page
    this.#pageNumber = number
    this.#month = recordedAt.slice(0, 7)
    this.#page = documents.hold(recordPages, recordPageId(event))
    return this.#page
  }

  #begin(subscriber: Subscriber): void {
    this.#subscriber = subscriber
    this.#coverages = coveragesOf(subscriber.agreements)
    this.#match = undefined
    this.#period = undefined
  }
}
