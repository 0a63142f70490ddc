import type { RecordedEvent } from '../../domain/event.js'
import { formatTimestamp } from '../../domain/timestamp.js'
import { InvalidCursor } from '../../read-store/errors.js'
import { beginningOf, placeAfter, placeOfCursor, type ExplainedPlace } from './explain-cursor.js'
import {
  NothingToExplain,
  type Case,
  type Contribution,
  type Evidence,
  type Explainer,
  type SumFigure,
} from './explainer.js'
import {
  placeOf,
  type Amount,
  type Explanation,
  type Figure,
  type Outcome,
  type Step,
} from './explanation.js'
import type { PageRequest } from '../queries/page.js'
import { eventsOf } from '../past/stream-reading.js'

/**
 * Explains a figure from the log, a page of events at a time. All pages are of the log as it was when the first was
 * asked for: their steps add up to the figure, whatever comes in meanwhile.
 *
 * @param evidence its position counts for the first page only
 * @throws {NothingToExplain}
 * @throws {InvalidCursor}
 */
export async function explain<Name extends string>(
  explainer: Explainer<Name>,
  subject: Readonly<Record<Name, string>>,
  evidence: Evidence,
  { limit, after }: PageRequest,
): Promise<Explanation> {
  const resumed = after === undefined ? undefined : placeOfCursor(after)
  const log = resumed ? { ...evidence, position: resumed.position } : evidence
  const opened = await explainer.open(subject, log)
  const start = resumed ?? beginningOf(log.position)
  const counted = await steps(opened, log, start, limit, resumed !== undefined)
  const figure = figureOf(opened, resumed?.figure ?? counted.whole)
  const raised = await outcomes(opened, log, start, counted, limit)
  if (figure.events === 0 && raised.items.length === 0 && !resumed)
    throw new NothingToExplain(opened.otherwise)
  const next = counted.next ?? raised.next
  return {
    subject: opened.subject,
    figure,
    position: log.position,
    rule: opened.rule,
    grounds: opened.grounds,
    steps: counted.items,
    outcomes: raised.items,
    ...(next && { next: placeAfter(log.position, next, counted.total, figure) }),
  }
}

/** Where the next page goes on: in which source (after the last one come the outcomes), and at which revision. */
type Next = Pick<ExplainedPlace, 'source' | 'revision'>

interface CountedSteps {
  readonly items: Step[]
  /** The sum up to the last of them. */
  readonly total: Amount | undefined
  readonly next: Next | undefined
  /** The sum of all, and how many there are: as far as they were read, so for the first page only. */
  readonly whole: { readonly value: Amount | undefined; readonly events: number }
}

/** A page of steps. The first page reads all of them, for their sum. */
async function steps(
  opened: Case,
  log: Evidence,
  start: ExplainedPlace,
  limit: number,
  isResumed: boolean,
): Promise<CountedSteps> {
  const sum = 'plus' in opened.figure ? opened.figure : undefined
  const items: Step[] = []
  let value = sum && begun(sum, start.total)
  let total = value
  let next: Next | undefined
  let events = 0
  for await (const { event, contribution, source } of contributions(opened, log, start)) {
    if (items.length === limit) next ??= { source, revision: event.revision }
    if (next && isResumed) break
    if (sum && value !== undefined) value = sum.plus(value, contribution.amount ?? sum.zero)
    events++
    if (next) continue
    total = value
    items.push(stepOf(event, contribution, total))
  }
  return { items, total, next, whole: { value, events } }
}

interface Counted {
  readonly event: RecordedEvent
  readonly contribution: Contribution
  readonly source: number
}

/** What is counted, from a place on: one source after the other. */
async function* contributions(
  { sources }: Case,
  log: Evidence,
  start: ExplainedPlace,
): AsyncGenerator<Counted, void, void> {
  for (const [source, { stream, only, read }] of sources.entries()) {
    if (source < start.source) continue
    const from = Math.max(only ?? 0, source === start.source ? start.revision : 0)
    for await (const event of eventsOf(stream, log, from)) {
      if (only !== undefined && event.revision !== only) break
      const contribution = read(event)
      if (contribution) yield { event, contribution, source }
    }
  }
}

/** @throws {InvalidCursor} the cursor has a total that is none of this figure */
function begun({ zero, plus }: SumFigure, total: Amount = zero): Amount {
  try {
    return plus(total, zero)
  } catch {
    throw new InvalidCursor()
  }
}

function stepOf(event: RecordedEvent, { at, amount, rule }: Contribution, total: Amount | undefined): Step {
  return { ...placeOf(event), at, ...(amount !== undefined && { amount, total }), rule }
}

function figureOf({ figure }: Case, whole: { readonly value?: Amount; readonly events: number }): Figure {
  if (!('plus' in figure)) return { ...figure, events: whole.events }
  const { name, unit, zero } = figure
  return { name, value: whole.value ?? zero, unit, events: whole.events }
}

/** What of the outcomes fits on the page after the steps. */
async function outcomes(
  opened: Case,
  log: Evidence,
  start: ExplainedPlace,
  counted: CountedSteps,
  limit: number,
): Promise<{ readonly items: Outcome[]; readonly next?: Next }> {
  const items: Outcome[] = []
  if (counted.next) return { items }
  const source = opened.sources.length
  const { stream, read } = opened.outcomes
  for await (const event of eventsOf(stream, log, start.source === source ? start.revision : 0)) {
    const figure = read(event)
    if (figure === undefined) continue
    if (counted.items.length + items.length === limit)
      return { items, next: { source, revision: event.revision } }
    items.push({ ...placeOf(event), recordedAt: formatTimestamp(event.recordedTime), figure })
  }
  return { items }
}
