import t from 'tap'
import { InvalidRecord } from '../../domain/invalid-record.js'
import { parseSessionEvent } from '../../domain/session-input.js'
import { evolveLookup, lookupAnswered, lookupRetried, neverLookedUp } from '../../domain/session-lookup.js'
import { firstCreation, sessionChanged } from '../../domain/session.js'

const created = {
  type: 'UserSessionCreatedEvent',
  id: 's-1',
  userId: 'u',
  processedAt: '2020-01-01T12:00:00.5Z',
  clientCountryCode: 'PL',
}

void t.test('sessions that begin and end become facts of the session', async (t) => {
  const event = (change: object) => sessionChanged(parseSessionEvent({ ...created, ...change })!, {})
  t.match(event({}), {
    stream: 'session-s-1',
    type: 'SessionCreated',
    data: { sessionId: 's-1', userId: 'u', processedAt: '2020-01-01T12:00:00.500Z', clientCountryCode: 'PL' },
  })
  t.match(event({ type: 'UserSessionClosedEvent' }), { type: 'SessionClosed', data: { sessionId: 's-1' } })
  t.equal(event({}).id, event({ more: true }).id)
  t.not(event({}).id, event({ userId: 'v' }).id, 'ids may come again for another user')
  t.notOk('userId' in event({ userId: undefined }).data)
})

void t.test('other types carry nothing, and what is wrong is refused', async (t) => {
  t.equal(parseSessionEvent({ type: 'UserSessionRefreshedEvent' }), undefined)
  for (const change of [{ id: undefined }, { id: 'a/b' }, { clientCountryCode: '' }, { processedAt: 0 }]) {
    t.throws(() => parseSessionEvent({ ...created, ...change }), InvalidRecord, JSON.stringify(change))
  }
})

void t.test('of several creations the earliest counts, then the least country code, bytewise', async (t) => {
  const [early, late] = [
    { processedAt: 1, clientCountryCode: 'ﬁ' },
    { processedAt: 2, clientCountryCode: 'AA' },
  ]
  const other = { processedAt: 1, clientCountryCode: '🙂' }
  t.equal(firstCreation(null, late), late)
  t.equal(firstCreation(late, early), early)
  t.equal(firstCreation(early, late), early)
  t.equal(firstCreation(early, other), early)
  t.equal(firstCreation(other, early), early)
  t.equal(firstCreation(early, { ...early }), early, 'the same again is nothing new')
})

void t.test('a lookup is open until it is answered, and again when it is retried', async (t) => {
  const failed = { type: 'failed', reason: 'service-failed', detail: 'it answered 500' } as const
  const first = lookupAnswered('s', neverLookedUp, failed, {})
  t.match(first, {
    stream: 'session-s',
    type: 'SessionLookupFailed',
    data: { lookup: 1, reason: 'service-failed' },
  })
  const afterFirst = evolveLookup(neverLookedUp, first)
  t.same(afterFirst, { lookups: 1, status: 'failed' })
  const retried = lookupRetried('s', afterFirst, {})
  const again = evolveLookup(afterFirst, retried)
  t.same(again, { lookups: 1, status: 'open' })
  const second = lookupAnswered('s', again, { type: 'found', clientCountryCode: 'PL' }, {})
  t.match(second, { type: 'SessionLookedUp', data: { lookup: 2, clientCountryCode: 'PL' } })
  t.same(evolveLookup(again, second), { lookups: 2, status: 'found' })
  t.same(evolveLookup(again, { type: 'SessionCreated', data: {} }), again, 'other facts of the session')
  t.equal(new Set([first.id, retried.id, second.id]).size, 3)
  t.equal(
    lookupAnswered('s', neverLookedUp, { type: 'found', clientCountryCode: 'DE' }, {}).id,
    first.id,
    'one answer a lookup',
  )
})
