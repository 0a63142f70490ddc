import t from 'tap'
import {
  enriched,
  isPublished,
  matchSession,
  moneyEnriched,
  revised,
  type EnrichedMoney,
  type Enrichment,
  type SessionFacts,
} from '../../domain/enriched-money.js'
import type { Money } from '../../domain/money.js'
import { deciding } from '../given-when-then.js'

const noon = Date.parse('2020-01-01T12:00:00Z')
const hour = 3_600_000

const money: Money = {
  id: 'm',
  userId: 'u',
  userSessionId: 's',
  processedAt: '2020-01-01T12:00:00Z',
  amount: '1.00',
  currency: 'EUR',
  openingBalance: '10.00',
  closingBalance: '9.00',
  moneyType: 'REAL',
  isOldMoneyEvent: false,
}

void t.test('what is known of a session', async (t) => {
  const begun = (at: number) => ({ processedAt: at, clientCountryCode: 'PL' })
  const [found, nothing] = [{ clientCountryCode: 'DE' }, {}]
  const cases: [string, SessionFacts | undefined, boolean, object][] = [
    ['no session named', undefined, false, { status: 'none' }],
    ['no session named by old money', undefined, true, { status: 'none' }],
    ['nothing', { created: null, lookup: null }, false, { status: 'pending' }],
    ['looked up', { created: null, lookup: found }, false, { status: 'looked-up', clientCountryCode: 'DE' }],
    ['looked up in vain', { created: null, lookup: nothing }, false, { status: 'unresolved' }],
    [
      'in the log',
      { created: begun(noon), lookup: null },
      false,
      { status: 'known', clientCountryCode: 'PL' },
    ],
    [
      'in the log, later than the money',
      { created: begun(noon + 9 * hour), lookup: null },
      false,
      { status: 'known' },
    ],
    [
      'in the log and looked up',
      { created: begun(noon), lookup: found },
      false,
      { status: 'known', clientCountryCode: 'PL' },
    ],
    ['in the log, and money is old', { created: begun(noon), lookup: null }, true, { status: 'pending' }],
    ['looked up, and money is old', { created: begun(noon), lookup: found }, true, { status: 'looked-up' }],
    [
      'a millisecond before it expires',
      { created: begun(noon - hour + 1), lookup: nothing },
      false,
      { status: 'known' },
    ],
    ['just expired', { created: begun(noon - hour), lookup: null }, false, { status: 'pending' }],
    ['expired and looked up', { created: begun(noon - hour), lookup: found }, false, { status: 'looked-up' }],
    [
      'expired and looked up in vain',
      { created: begun(noon - hour), lookup: nothing },
      false,
      { status: 'unresolved' },
    ],
  ]
  for (const [what, facts, isOldMoneyEvent, expected] of cases) {
    t.match(matchSession({ ...money, isOldMoneyEvent }, facts, hour), expected, what)
  }
})

type Step = Partial<Enrichment>
const pendingMoney = enriched(money, { userInfo: {}, session: { status: 'pending' }, firstOccurrence: true })

/** What is published of money that changes. */
const changing = deciding<EnrichedMoney, Step, EnrichedMoney>(pendingMoney, (before, step) => {
  const state = revised(before, step)
  return { state, raised: state !== before && isPublished(state) ? [state] : [] }
})
const known: Step = { session: { status: 'known', clientCountryCode: 'PL' } }

void t.test('pending money is not published, whatever changes', async (t) => {
  t.notOk(isPublished(pendingMoney))
  const { state, raised } = changing.given().when({ userInfo: { birthYear: 1984 }, firstOccurrence: false })
  t.same(raised, [])
  t.match(state, {
    userInfo: { birthYear: 1984 },
    firstOccurrence: false,
    enrichment: { session: 'pending', revision: 0 },
  })
})

void t.test('it is published when it is no longer pending', async (t) => {
  const { state, raised } = changing.given({ userInfo: { birthYear: 1984 } }).when(known)
  t.same(raised, [state])
  t.match(state, { sessionInfo: { clientCountryCode: 'PL' }, enrichment: { session: 'known', revision: 1 } })
})

void t.test('and again, with the next revision, whenever it changes', async (t) => {
  const changes: Step[] = [
    { userInfo: { residentCountryCode: 'DE' } },
    { firstOccurrence: false },
    { session: { status: 'known', clientCountryCode: 'SE' } },
    { session: { status: 'looked-up', clientCountryCode: 'PL' } },
    { session: { status: 'unresolved' } },
  ]
  for (const change of changes) {
    t.match(
      changing.given(known).when(change),
      { raised: [{ enrichment: { revision: 2 } }] },
      JSON.stringify(change),
    )
  }
})

void t.test('what makes no difference is no revision', async (t) => {
  const before = [known, { userInfo: { birthYear: 1984 } }]
  for (const same of [known, { userInfo: { birthYear: 1984 } }, { firstOccurrence: true }, {}]) {
    const outcome = changing.given(...before).when(same)
    t.equal(outcome.state, outcome.before)
    t.same(outcome.raised, [])
  }
})

void t.test(
  'money that is pending again is published when that is over, even if it is as before',
  async (t) => {
    const { raised } = changing.given(known, { session: { status: 'pending' } }).when(known)
    t.match(raised, [{ enrichment: { revision: 2 } }])
  },
)

void t.test('the event is the document, under an id for each revision', async (t) => {
  const first = changing.given().when(known).state
  const second = changing.given(known).when({ firstOccurrence: false }).state
  const event = moneyEnriched(first, { causationId: 'c' })
  t.match(event, { stream: 'enriched-u', type: 'MoneyEnriched', data: first, metadata: { causationId: 'c' } })
  t.not(event.id, moneyEnriched(second, {}).id)
  t.equal(event.id, moneyEnriched(first, {}).id)
  t.equal(
    JSON.stringify(event.data),
    '{"money":{"id":"m","userId":"u","userSessionId":"s","processedAt":"2020-01-01T12:00:00Z","amount":"1.00",' +
      '"currency":"EUR","closingBalance":"9.00","moneyType":"REAL","isOldMoneyEvent":false},' +
      '"sessionInfo":{"clientCountryCode":"PL"},"firstOccurrence":true,"enrichment":{"session":"known","revision":1}}',
  )
})
