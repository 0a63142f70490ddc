import t from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { explain } from '../../projections/explaining/explain.js'
import { billingPeriodExplainer } from '../../projections/explaining/billing-period.js'
import type { Explanation } from '../../projections/explaining/explanation.js'
import { openTidemark, recorded, signed, type Tidemark } from './tidemark.js'

const { signal } = new AbortController()

interface Asked {
  readonly position?: number
  readonly limit?: number
  readonly after?: string
}

async function explained(tidemark: Tidemark, key: string, asked: Asked = {}): Promise<Explanation> {
  const { eventStore, readStore } = tidemark
  const { position = await eventStore.head(), limit = 100, after } = asked
  const [id = '', month = ''] = key.split('/')
  return explain(
    billingPeriodExplainer,
    { id, month },
    { eventStore, models: readStore, position, signal },
    { limit, after },
  )
}

/** A step in short: `4 r1 10 = 30 only-agreement since 4`. */
function steps({ steps }: Explanation): string[] {
  return steps.map(
    ({ position, revision, amount, total, rule: { code, since, from } }) =>
      `@${position} #${revision} +${amount} = ${total}, ${code} since ${since}${from === undefined ? '' : ` from ${from}`}`,
  )
}

void t.test('every record of a period stands there with what it adds, and what came of it', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    recorded('early', '2020-01-02T00:00:00Z', 5),
    signed({ id: 'a', max: 20 }),
    recorded('r1', '2020-01-05T00:00:00Z', 10),
    recorded('before', '2019-12-31T23:59:59.999Z', 100),
    recorded('r2', '2020-01-31T23:59:59.999Z', 10),
    recorded('next', '2020-02-01T00:00:00Z', 100),
  )
  await tidemark.fold()
  const explanation = await explained(tidemark, 'a/2020-01')
  t.same(explanation.subject, {
    type: 'billing-period',
    agreementId: 'a',
    month: '2020-01',
    msisdn: '1',
    billingPeriodTimeZone: 'UTC',
    start: '2020-01-01T00:00:00Z',
    end: '2020-02-01T00:00:00Z',
    maxBytesInBillingPeriod: 20,
  })
  t.same(explanation.figure, { name: 'totalRecordedBytes', value: 25, unit: 'bytes', events: 3 })
  t.equal(explanation.figure.value, (await tidemark.period('a/2020-01'))?.totalRecordedBytes)
  t.same(steps(explanation), [
    '@1 #0 +5 = 5, only-agreement since 2',
    '@3 #1 +10 = 15, only-agreement since 3',
    '@5 #3 +10 = 25, only-agreement since 5',
  ])
  t.match(explanation.steps[0], {
    stream: 'subscriber-1',
    type: 'DataRecorded',
    at: '2020-01-02T00:00:00Z',
    rule: { detail: /only agreement.* Until the agreement came, at position 2, no agreement counted it/ },
  })
  t.match(explanation.grounds, [
    { stream: 'agreement-a', revision: 0, position: 2, type: 'AgreementSigned', detail: /from then on/ },
  ])
  t.match(explanation.outcomes, [
    { stream: 'billing-period-a-2020-01', revision: 0, position: 7, type: 'DataPlanExceeded', figure: 25 },
    { revision: 1, type: 'BillingPeriodClosed', figure: 25 },
  ])
  t.notOk('next' in explanation)
})

void t.test('why it is this agreement that counts a record', async (t) => {
  const tidemark = await openTidemark(t)
  const starts = '2020-01-10T00:00:00Z'
  await tidemark.append(
    signed({ id: 'base' }),
    signed({ id: 'b', starts, signed: '2019-12-02T00:00:00Z' }),
    signed({ id: 'a', starts, signed: '2019-12-02T00:00:00Z' }),
    recorded('r1', '2020-01-09T00:00:00Z', 1),
    recorded('r2', '2020-01-10T00:00:00Z', 2),
    signed({ id: 'late', starts: '2020-01-20T00:00:00Z', signed: '2019-12-01T00:00:00Z' }),
    recorded('r3', '2020-01-20T00:00:00Z', 4),
    signed({ id: 'later', starts: '2020-01-20T00:00:00Z', signed: '2019-12-03T00:00:00Z' }),
  )
  await tidemark.fold()
  t.same(steps(await explained(tidemark, 'base/2020-01')), ['@4 #0 +1 = 1, only-agreement since 4'])
  const b = await explained(tidemark, 'b/2020-01')
  t.same(steps(b), ['@5 #1 +2 = 2, greatest-id since 5'])
  t.match(b.steps[0]?.rule.detail, /agreement a starts with it and was signed with it/)
  const later = await explained(tidemark, 'later/2020-01')
  t.same(steps(later), ['@7 #2 +4 = 4, latest-signature since 8 from late'])
  t.match(later.steps[0]?.rule.detail, /after agreement late.* at position 8, agreement late counted it/)
  t.match(
    later.grounds.map(({ detail }) => detail),
    [
      /base, service from 2020-01-01T00:00:00Z: counts records from then until 2020-01-10T00:00:00Z/,
      /agreement b, .* until 2020-01-20T00:00:00Z, when another one starts/,
      /agreement a, .* counts nothing, since another one that starts then goes before it/,
      /agreement late, .* counts nothing/,
      /agreement later, .* from then on/,
    ],
  )
  t.same(steps(await explained(tidemark, 'late/2020-01', { position: 7 })), [
    '@7 #2 +4 = 4, latest-service-start since 7',
  ])
  await t.rejects(explained(tidemark, 'a/2020-01'), {
    code: 'nothing-to-explain',
    message: /no data records in 2020-01/,
  })
})

void t.test('a period that lost all its records is explained by what it once said', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(
    signed({ id: 'old', max: 5 }),
    recorded('r', '2020-01-20T00:00:00Z', 10),
    signed({ id: 'new', starts: '2020-01-15T00:00:00Z' }),
  )
  await tidemark.fold()
  t.equal(await tidemark.period('old/2020-01'), undefined)
  t.match(await explained(tidemark, 'old/2020-01'), {
    figure: { value: 0, events: 0 },
    steps: [],
    outcomes: [{ type: 'DataPlanExceeded', figure: 10 }],
  })
})

void t.test('page by page the steps add up to the same figure, whatever comes in between', async (t) => {
  const tidemark = await openTidemark(t)
  const bytes = Array.from({ length: 450 }, (_, n) => n)
  await tidemark.append(
    signed({ id: 'a', max: 50_000 }),
    ...bytes.map((n) => recorded(`r${n}`, `2020-01-0${(n % 9) + 1}T00:00:00Z`, n)),
  )
  await tidemark.fold()
  const all: Explanation['steps'][number][] = []
  const outcomes: Explanation['outcomes'][number][] = []
  let after: string | undefined
  for (let page = 0; page === 0 || after !== undefined; page++) {
    const { steps, figure, position, next, ...rest } = await explained(tidemark, 'a/2020-01', {
      limit: 100,
      after,
    })
    t.same([figure.value, figure.events, position], [101_025, 450, 452], `page ${page}`)
    all.push(...steps)
    outcomes.push(...rest.outcomes)
    after = next
    await tidemark.append(recorded(`more${page}`, '2020-01-01T00:00:00Z', 1_000))
    await tidemark.fold()
  }
  t.equal(all.length, 450)
  t.equal(all.at(-1)?.total, 101_025)
  t.equal(
    all.reduce((sum, { amount }) => sum + Number(amount), 0),
    101_025,
  )
  t.same(
    outcomes.map(({ type }) => type),
    ['DataPlanExceeded'],
  )
  t.equal((await explained(tidemark, 'a/2020-01')).figure.value, 106_025, 'asked anew, it is of now')
})

void t.test('sums beyond 2^53 − 1 stay exact from page to page', async (t) => {
  const tidemark = await openTidemark(t)
  const most = Number.MAX_SAFE_INTEGER
  await tidemark.append(
    signed({ id: 'a', max: most }),
    recorded('r1', '2020-01-01T00:00:00Z', most),
    recorded('r2', '2020-01-01T00:00:00Z', 1),
    recorded('r3', '2020-01-01T00:00:00Z', most),
  )
  await tidemark.fold()
  const first = await explained(tidemark, 'a/2020-01', { limit: 2 })
  t.same([first.steps.at(-1)?.total, first.figure.value], ['9007199254740992', '18014398509481983'])
  const second = await explained(tidemark, 'a/2020-01', { limit: 2, after: first.next! })
  t.same([second.steps[0]?.total, second.figure.value], ['18014398509481983', '18014398509481983'])
})

void t.test('a cursor that was made up is refused', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(signed({ id: 'a' }), recorded('r1', '2020-01-01T00:00:00Z'))
  await tidemark.fold()
  const made = (...place: unknown[]) => Buffer.from(JSON.stringify(place)).toString('base64url')
  for (const after of [
    'x',
    made(),
    made(2, 0, 1, 1, '10'),
    made(2, 0, -1, 1, '10', '10'),
    made(2, 0, 0.5, 1, '10', '10'),
    made(2, 0, 1, 1, 'ten', '10'),
    made(2, 0, 1, 1, '{"a":1}', '10'),
    made(2, 0, 0, 1, '"1.5"', '10'),
  ]) {
    await t.rejects(explained(tidemark, 'a/2020-01', { after }), { code: 'invalid-cursor' }, after)
  }
})

void t.test('what nobody knows cannot be explained', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(recorded('r1', '2020-01-01T00:00:00Z'), signed({ id: 'a' }))
  await tidemark.fold(dataPlans)
  const unknown: [string, Asked, RegExp][] = [
    ['nobody/2020-01', {}, /no agreement "nobody"/],
    ['a/2020-01', { position: 1 }, /no agreement "a"/],
    ['a/2020-02', {}, /agreement "a" has no data records in 2020-02/],
  ]
  for (const [key, asked, message] of unknown) {
    await t.rejects(explained(tidemark, key, asked), { code: 'nothing-to-explain', message }, key)
  }
})
