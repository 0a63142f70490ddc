import t from 'tap'
import type { BillingPeriod } from '../../domain/billing-period.js'
import { asOf, type Past } from '../../projections/past/as-of.js'
import { pastOfAgreement } from '../../projections/data-plans/past.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { pastOfDeadLetter } from '../../projections/dead-letters/past.js'
import { agreementsOf } from '../../projections/queries/agreements.js'
import { billingPeriodsOf, listBillingPeriods } from '../../projections/queries/billing-periods.js'
import { findDeadLetter } from '../../projections/queries/dead-letters.js'
import { openTidemark, recorded, signed } from './tidemark.js'
import { watchedReads } from './watched-reads.js'

const { signal } = new AbortController()

void t.test(
  'given a late agreement, when asked as of before it, the one that had the records has them',
  async (t) => {
    const { eventStore, append } = await openTidemark(t)
    await append(
      signed({ id: 'old' }),
      recorded('r1', '2020-01-05T00:00:00Z', 1),
      recorded('r2', '2020-01-20T00:00:00Z', 2),
      signed({ id: 'new', starts: '2020-01-10T00:00:00Z' }),
      // Another subscriber's record moves everybody's clock: January ends.
      recorded('x', '2020-02-01T00:00:00Z', 9, '2'),
      recorded('r3', '2020-01-06T00:00:00Z', 4),
    )
    const period = async (id: string, position: number) => {
      const models = await asOf(pastOfAgreement(id), position, { eventStore, signal })
      const row = await billingPeriodsOf(models).get(id, '2020-01')
      if (!row) return undefined
      const { totalRecordedBytes, status, lateRecords } = JSON.parse(row.text) as BillingPeriod
      return [totalRecordedBytes, status, lateRecords]
    }
    t.same(await period('old', 1), undefined)
    t.same(await period('old', 2), [1, 'open', 0])
    t.same(await period('old', 3), [3, 'open', 0])
    t.same(await period('new', 3), undefined)
    t.same(
      [await period('old', 4), await period('new', 4)],
      [
        [1, 'open', 0],
        [2, 'open', 0],
      ],
    )
    t.same(
      [await period('old', 5), await period('new', 5)],
      [
        [1, 'closed', 0],
        [2, 'closed', 0],
      ],
    )
    t.same(
      [await period('old', 6), await period('new', 6)],
      [
        [5, 'closed', 1],
        [2, 'closed', 0],
      ],
    )
  },
)

void t.test('nothing is appended, and nothing is held but the documents asked for', async (t) => {
  const { eventStore, append } = await openTidemark(t)
  const subscribers = Array.from({ length: 50 }, (_, n) => String(n))
  await append(
    ...subscribers.map((msisdn) => signed({ id: `a${msisdn}`, msisdn, max: 5 })),
    ...subscribers.map((msisdn) => recorded('r', '2020-01-05T00:00:00Z', 10, msisdn)),
    recorded('s', '2020-02-05T00:00:00Z', 10, '7'),
  )
  const head = await eventStore.head()
  const models = await asOf(pastOfAgreement('a7'), head, { eventStore, signal })
  const build = (await models.live(dataPlans.name))!
  t.same([await build.count('agreements'), await build.count('subscribers')], [1, 1])
  const { items } = await listBillingPeriods(models, 'a7', { limit: 10 })
  t.same(
    items.map((text) => (JSON.parse(text) as BillingPeriod).notified.closed),
    [true, false],
    'queries are answered as of then',
  )
  t.equal(await eventStore.head(), head, 'what they raise is in the log, or is not to be')
  t.equal(await models.live('another'), undefined)
})

void t.test('what is not there yet is not looked for in the log', async (t) => {
  const { eventStore, append } = await openTidemark(t)
  await append(recorded('r', '2020-01-05T00:00:00Z'), signed({ id: 'a' }))
  let pages = 0
  const counting = watchedReads(eventStore, (page) => {
    pages++
    return page
  })
  const get = async (id: string, position: number) =>
    agreementsOf(await asOf(pastOfAgreement(id), position, { eventStore: counting, signal })).get(id)
  t.same([await get('a', 1), await get('nobody', 2), await get('a', 0)], [undefined, undefined, undefined])
  const letter = await asOf(pastOfDeadLetter('x'), 2, { eventStore: counting, signal })
  t.equal(await findDeadLetter(letter, 'x'), undefined)
  t.equal(pages, 0)
  t.equal((await get('a', 2))?.id, 'a')
  t.ok(pages > 0)
})

void t.test('when it is called off, it stops between two pages, and others had their turn', async (t) => {
  const { eventStore, append } = await openTidemark(t)
  await append(
    signed({ id: 'a' }),
    ...Array.from({ length: 5_000 }, (_, n) => recorded(`r${n}`, '2020-01-05T00:00:00Z')),
  )
  const stopping = new AbortController()
  let pages = 0
  let turns = 0
  const watched = watchedReads(eventStore, (page) => {
    setImmediate(() => turns++)
    if (++pages === 3) stopping.abort(new Error('enough'))
    return page
  })
  const folding = asOf(pastOfAgreement('a'), await eventStore.head(), {
    eventStore: watched,
    signal: stopping.signal,
  })
  await t.rejects(folding, { message: 'enough' })
  t.equal(pages, 3)
  t.ok(turns >= 2, `${turns} turns`)
})

void t.test('a fold that fails says where', async (t) => {
  const { eventStore, append } = await openTidemark(t)
  await append(signed({ id: 'a' }), recorded('r', '2020-01-05T00:00:00Z'))
  const failing: Past = {
    ...pastOfAgreement('a'),
    projection: {
      ...dataPlans,
      handlers: {
        ...dataPlans.handlers,
        DataRecorded: () => {
          throw new Error('no such thing')
        },
      },
    },
  }
  const folded = await asOf(failing, 1, { eventStore, signal })
  t.ok(await agreementsOf(folded).get('a'), 'before that event all is well')
  await t.rejects(asOf(failing, 2, { eventStore, signal }), {
    code: 'projection-failed',
    message: /position 2/,
  })
})
