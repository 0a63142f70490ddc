import t, { type Test } from 'tap'
import { sessionNeeds } from '../../projections/money/sessions.js'
import type { NewEvent } from '../../domain/event.js'
import { askedAgain, began, ended, lookedUp, lookupFailed, moneyIn, moved, sessionRules } from './money.js'
import { openTidemark } from './tidemark.js'

const hour = 3_600_000

/** What comes of some events, each folded alone, and all together. */
async function comesOf(t: Test, ...events: NewEvent[]): Promise<string[]> {
  const one = await openTidemark(t)
  for (const event of events) {
    await one.append(event)
    await moneyIn(one).fold()
  }
  const all = await openTidemark(t)
  await all.append(...events)
  await moneyIn(all).fold()
  t.same(await moneyIn(all).money(), await moneyIn(one).money(), 'together as one by one')
  t.same([...(await moneyIn(all).published())].sort(), [...(await moneyIn(one).published())].sort())
  for (const tidemark of [one, all]) t.same(await moneyIn(tidemark).differences(), [])
  return moneyIn(one).money()
}

void t.test('money without a session', async (t) => {
  t.same(await comesOf(t, moved({ id: 'm' })), ['m none, first, r1'])
  t.same(await comesOf(t, moved({ id: 'm', old: true })), ['m none, first, r1'], 'old money too')
})

void t.test('money knows its session, however late either side arrives', async (t) => {
  const [money, session] = [moved({ id: 'm', session: 's' }), began('s', 'PL')]
  t.same(await comesOf(t, session, money), ['m known PL, first, r1'])
  t.same(await comesOf(t, money, session), ['m known PL, first, r1'])
})

void t.test('two money events of one session in the same millisecond', async (t) => {
  const money = [moved({ id: 'b', session: 's' }), moved({ id: 'a', session: 's' })]
  const expected = ['a known PL, first, r1', 'b known PL, r1']
  t.same(await comesOf(t, began('s', 'PL'), money[1]!, money[0]!), expected)
  t.same(await comesOf(t, money[1]!, money[0]!, began('s', 'PL')), expected)
  const overtaken = ['a known PL, first, r1', 'b known PL, r2']
  t.same(
    await comesOf(t, began('s', 'PL'), money[0]!, money[1]!),
    overtaken,
    'published twice: it was the first',
  )
})

void t.test(
  'money exactly at session expiry has no session any more, a millisecond before it has',
  async (t) => {
    const session = began('s', 'PL', '2020-01-01T12:00:00Z')
    const at = moved({ id: 'at', at: '2020-01-02T12:00:00Z', session: 's' })
    const before = moved({ id: 'before', at: '2020-01-02T11:59:59.999Z', session: 's' })
    for (const order of [
      [session, at, before],
      [at, before, session],
    ]) {
      t.same(await comesOf(t, ...order), ['at pending, r0', 'before known PL, first, r1'])
    }
    t.same(await comesOf(t, session, at, before, lookedUp('s', 'DE')), [
      'at looked-up DE, r1',
      'before known PL, first, r1',
    ])
  },
)

void t.test('how long a session counts is a setting, for the money that comes after it', async (t) => {
  const money = (id: string) => moved({ id, at: '2020-01-01T13:00:00Z', session: 's' })
  const session = began('s', 'PL', '2020-01-01T12:00:00Z')
  const expected = ['a known PL, first, r1', 'b pending, r0', 'c known PL, r1']
  const events = [money('a'), sessionRules(hour, 0), money('b'), sessionRules(hour + 1, 0), money('c')]
  t.same(await comesOf(t, session, ...events), expected)
  t.same(await comesOf(t, ...events, session), expected)
})

void t.test('a session that never comes is pending, then looked up', async (t) => {
  const money = moved({ id: 'm', session: 's' })
  t.same(await comesOf(t, money), ['m pending, first, r0'])
  t.same(await comesOf(t, money, lookedUp('s', 'DE')), ['m looked-up DE, first, r1'])
  t.same(await comesOf(t, lookedUp('s', 'DE'), money), ['m looked-up DE, first, r1'], 'asked for other money')
})

void t.test('a session that comes after its lookup was answered wins', async (t) => {
  const events = [moved({ id: 'm', session: 's' }), lookedUp('s', 'DE'), began('s', 'PL')]
  t.same(await comesOf(t, ...events), ['m known PL, first, r2'])
})

void t.test('old money goes by the session service, even with a session in the log', async (t) => {
  const money = moved({ id: 'm', session: 's', old: true })
  t.same(await comesOf(t, began('s', 'PL'), money), ['m pending, first, r0'])
  t.same(await comesOf(t, began('s', 'PL'), money, lookedUp('s', 'DE')), ['m looked-up DE, first, r1'])
  t.same(await comesOf(t, money, lookedUp('s', 'DE'), began('s', 'PL')), ['m looked-up DE, first, r1'])
})

void t.test('a lookup that failed leaves money unresolved, until it is done again', async (t) => {
  const money = moved({ id: 'm', session: 's' })
  const failed = [money, lookupFailed('s')]
  t.same(await comesOf(t, ...failed), ['m unresolved, first, r1'])
  t.same(await comesOf(t, ...failed, askedAgain('s')), ['m pending, first, r1'])
  const again = [...failed, askedAgain('s')]
  t.same(await comesOf(t, ...again, lookedUp('s', 'DE', 2)), ['m looked-up DE, first, r2'])
  t.same(await comesOf(t, ...again, lookupFailed('s', 'unknown-session', 2)), ['m unresolved, first, r2'])
  t.same(await comesOf(t, ...failed, began('s', 'PL')), ['m known PL, first, r2'])
})

void t.test('of several creations the earliest counts, then the least country code', async (t) => {
  const money = moved({ id: 'm', session: 's' })
  const [late, early, other] = [
    began('s', 'AA', '2020-01-01T11:00:00Z'),
    began('s', 'PL', '2020-01-01T10:00:00Z'),
    began('s', 'DE', '2020-01-01T10:00:00Z', 'another-user'),
  ]
  for (const order of [
    [late, early, other],
    [other, early, late],
    [early, late, other],
  ]) {
    t.match((await comesOf(t, money, ...order))[0], /^m known DE, first/)
    t.same(await comesOf(t, ...order, money), ['m known DE, first, r1'])
  }
  const expired = began('s', 'XX', '2019-12-31T12:00:00Z')
  t.same(await comesOf(t, money, late, expired), ['m pending, first, r1'], 'an earlier one may have expired')
})

void t.test('a session with thousands of money is one event, and corrects all of them', async (t) => {
  const tidemark = await openTidemark(t)
  const count = 3_000
  const many = Array.from({ length: count }, (_, n) =>
    moved({
      id: `m${n}`,
      user: `u${n % 7}`,
      session: 's',
      at: new Date(Date.UTC(2020, 0, 1) + n).toISOString(),
    }),
  )
  const { fold, money, published, differences } = moneyIn(tidemark)
  for (let from = 0; from < count; from += 500) await tidemark.append(...many.slice(from, from + 500))
  await fold()
  t.ok((await money()).every((text) => text.includes('pending')))
  t.same(await published(), [])
  await tidemark.append(lookedUp('s', 'DE'))
  await fold()
  t.equal((await money()).filter((text) => / looked-up DE.* r1$/.test(text)).length, count)
  await tidemark.append(began('s', 'PL', '2020-01-01T00:00:00Z'))
  await fold()
  t.equal((await money()).filter((text) => / known PL.* r2$/.test(text)).length, count)
  t.equal((await published()).length, 2 * count)
  t.same(await differences(), [])
})

void t.test('sessions say from when on the session service is to be asked for them', async (t) => {
  const tidemark = await openTidemark(t)
  const at = (text: string) => Date.parse(text)
  await tidemark.append(
    moved({ id: 'waits', session: 'waits', at: '2020-01-01T12:00:01Z' }),
    moved({ id: 'waits longer', session: 'waits', at: '2020-01-01T12:00:02Z' }),
    moved({ id: 'known', session: 'known' }),
    began('known', 'PL'),
    moved({ id: 'old', session: 'old', old: true }),
    began('expired', 'PL', '2019-12-30T00:00:00Z'),
    moved({ id: 'expired', session: 'expired' }),
    moved({ id: 'answered', session: 'answered' }),
    lookedUp('answered', 'DE'),
    moved({ id: 'failed', session: 'failed' }),
    lookupFailed('failed'),
    moved({ id: 'again', session: 'again' }),
    lookupFailed('again'),
    askedAgain('again'),
    began('unused', 'PL'),
    ended('waits', '2020-01-01T13:00:00Z'),
  )
  await moneyIn(tidemark).fold()
  t.same(await tidemark.documents(sessionNeeds, 'money-enriched'), {
    again: { neededSince: at('2020-01-01T12:00:00Z') },
    expired: { neededSince: Number.MIN_SAFE_INTEGER },
    failed: { unresolvedAt: 11 },
    old: { neededSince: Number.MIN_SAFE_INTEGER },
    waits: { neededSince: at('2020-01-01T12:00:01Z') },
  })
  const clocks = await tidemark.documents<{ now: number }>('clocks', 'money-enriched')
  t.equal(
    clocks.money?.now,
    at('2020-01-01T13:00:00Z'),
    'the clock is everybody’s, sessions that end included',
  )
})
