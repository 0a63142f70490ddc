import t from 'tap'
import { arrivalOf } from '../../bridge/arrivals.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import { takeIn } from '../../commands/intake.js'
import { addressEvent, moneyIn, walletEvent } from './money.js'
import { openTidemark, type Tidemark } from './tidemark.js'

let sources = 0

/** Takes records of wallets, or of another kind, from a source of their own. */
async function take(
  { eventStore }: Tidemark,
  records: readonly object[],
  kind: 'wallet-events' | 'user-events' = 'wallet-events',
) {
  const source = `file:${sources++}`
  const text = records.map((record) => JSON.stringify(record) + '\n').join('')
  const lines = new LineSplitter().push(Buffer.from(text))
  return takeIn(
    eventStore,
    lines.map((line) => arrivalOf(kind, line, source)!),
  )
}

void t.test('a duplicate a year later changes nothing', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money, published, differences } = moneyIn(tidemark)
  const first = walletEvent({ id: 'm', at: '2020-01-01T12:00:00Z', session: 's' })
  await take(tidemark, [first, walletEvent({ id: 'a year later', at: '2021-01-01T12:00:00Z' })])
  await fold()
  const [before, said] = [await money(), await published()]
  t.match(await take(tidemark, [first]), { appended: 0, duplicates: 1, rejected: [] })
  const sameInstant = { ...first, processedAt: '2020-01-01T13:00+01:00[Europe/Warsaw]', other: 'field' }
  t.match(await take(tidemark, [sameInstant]), { appended: 0, duplicates: 1, rejected: [] })
  await fold()
  t.same(await money(), before)
  t.same(await published(), said)
  t.same(await differences(), [])
})

void t.test('the same id with other content is a dead letter, and the first one stands', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money } = moneyIn(tidemark)
  const first = walletEvent({ id: 'm', amount: '1.00' })
  await take(tidemark, [first])
  for (const change of [
    { amount: '1.01' },
    { amount: '1.0' },
    { type: 'TransactionEvent' },
    { userSessionId: 's' },
  ]) {
    const { appended, duplicates, rejected } = await take(tidemark, [{ ...first, ...change }])
    t.match(
      { appended, duplicates, rejected },
      { appended: 0, duplicates: 0, rejected: [{ code: 'conflicting-duplicate' }] },
      JSON.stringify(change),
    )
  }
  t.match(await take(tidemark, [{ ...first, userId: 'v' }]), { appended: 1 }, 'the id of another user')
  await fold()
  t.same(await money(), ['m none, first, r1', 'm none, first, r1'])
})

void t.test('a user event is no duplicate by its id, but by all that it says', async (t) => {
  const tidemark = await openTidemark(t)
  const { fold, money } = moneyIn(tidemark)
  const first = addressEvent('PL', '2020-01-01T00:00:00Z', 'u', 'id')
  const others = [
    addressEvent('DE', '2020-01-01T06:00:00Z', 'u', 'id'),
    addressEvent('SE', '2020-01-01T00:00:00Z', 'v', 'id'),
  ]
  t.match(await take(tidemark, [first, ...others], 'user-events'), { appended: 3, duplicates: 0 })
  t.match(await take(tidemark, [first, ...others], 'user-events'), { appended: 0, duplicates: 3 })
  await take(tidemark, [walletEvent({ id: 'm' }), walletEvent({ id: 'm', user: 'v' })])
  await fold()
  t.same(await money(), ['m none, ? in DE, first, r1', 'm none, ? in SE, first, r1'])
})
