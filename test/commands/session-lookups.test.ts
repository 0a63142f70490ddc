import t, { type Test } from 'tap'
import { retrySession } from '../../commands/retry-session.js'
import { SessionLookups } from '../../commands/session-lookups.js'
import { sessionServiceAt } from '../../commands/session-service.js'
import { setSessionRules } from '../../commands/session-rules.js'
import { lookUpSession } from '../../commands/look-up-session.js'
import { defaultSessionRules } from '../../domain/session-rules.js'
import { moneyEnriched } from '../../projections/money/money-enriched.js'
import { listUnresolvedSessions, wantedSessions } from '../../projections/queries/sessions.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { began, ended, moneyIn, moved } from '../projections/money.js'
import { run } from '../projections/running.js'
import { openTidemark, wholeLog, type Tidemark } from '../projections/tidemark.js'
import { answers, hangs, startSessionServer, slowly, status, type Behaviour } from './session-server.js'

t.setTimeout(120_000)

/** A projection that runs, and session lookups beside it. */
async function looking(t: Test, behaviour: Behaviour, timeout = 5_000) {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  const server = await startSessionServer(t, behaviour)
  const running = run(t, eventStore, readStore, [moneyEnriched])
  await running.reported(({ type }) => type === 'started')
  const start = () => {
    const troubles: unknown[] = []
    const lookups = new SessionLookups({
      eventStore,
      service: sessionServiceAt(server.url, { timeout, backoff: 10, rest: 50 }),
      wanted: (limit) => wantedSessions(readStore, limit),
      trouble: (error) => troubles.push(error),
    })
    t.teardown(async () => {
      await lookups.stop()
      if (troubles.length > 0) throw troubles[0]
    })
    return lookups
  }
  /** Everything is folded, looked up, and folded again. */
  const settle = async (lookups: SessionLookups) => {
    await running.folded(moneyEnriched.name)
    await lookups.settled()
    await running.folded(moneyEnriched.name)
  }
  const unresolved = async () =>
    (await listUnresolvedSessions(readStore, { limit: 100 })).items.map(
      ({ sessionId, reason }) => `${sessionId} ${reason}`,
    )
  return { tidemark, server, start, settle, running, unresolved, ...moneyIn(tidemark) }
}

async function lookupEvents({ eventStore }: Tidemark): Promise<string[]> {
  const events = await wholeLog(eventStore, ['session'])
  return events
    .filter(({ type }) => type.startsWith('SessionLook'))
    .map(({ type, stream }) => `${type} ${stream}`)
}

const later = (seconds: number) =>
  new Date(Date.parse('2020-01-01T12:00:00Z') + seconds * 1_000).toISOString()

void t.test('a session is asked for once the clock has passed the wait, and not before', async (t) => {
  const { tidemark, server, start, settle, money } = await looking(t, answers('DE'))
  const lookups = start()
  await tidemark.append(moved({ id: 'm', session: 's', at: later(0) }), moved({ id: 'n', at: later(20) }))
  await settle(lookups)
  t.same(server.asked, [])
  t.same(await money(), ['m pending, first, r0', 'n none, r1'])
  await tidemark.append(ended('another', new Date(Date.parse(later(20)) + 1).toISOString()))
  await settle(lookups)
  t.same(server.asked, ['s'])
  t.same(await money(), ['m looked-up DE, first, r1', 'n none, r1'])
})

void t.test('the wait is a setting', async (t) => {
  const { tidemark, server, start, settle } = await looking(t, answers('DE'))
  await setSessionRules(tidemark.eventStore, { ...defaultSessionRules, wait: 60_000 })
  await setSessionRules(tidemark.eventStore, { ...defaultSessionRules, wait: 60_000 })
  t.equal(await tidemark.eventStore.head(), 1, 'a fact, once')
  const lookups = start()
  await tidemark.append(moved({ id: 'm', session: 's' }), moved({ id: 'n', at: later(60) }))
  await settle(lookups)
  t.same(server.asked, [])
  await tidemark.append(moved({ id: 'o', at: later(61) }))
  await settle(lookups)
  t.same(server.asked, ['s'])
})

void t.test('one lookup for a session, however much money waits for it', async (t) => {
  const { tidemark, server, start, settle, money } = await looking(t, slowly(50, answers('DE')))
  const lookups = start()
  const many = Array.from({ length: 50 }, (_, n) =>
    moved({ id: `m${n}`, session: `s${n % 2}`, user: `u${n % 7}` }),
  )
  await tidemark.append(...many.slice(0, 30), ended('x', later(60)))
  await tidemark.append(...many.slice(30))
  await settle(lookups)
  t.same(server.asked.sort(), ['s0', 's1'])
  t.same((await money()).filter((text) => text.includes(' looked-up DE')).length, 50)
  await tidemark.append(moved({ id: 'later', session: 's1', old: true }))
  await settle(lookups)
  t.equal(server.asked.length, 2, 'the answer is there already')
  t.same(await lookupEvents(tidemark), ['SessionLookedUp session-s0', 'SessionLookedUp session-s1'])
})

void t.test('a hundred lookups at a time, and no more', async (t) => {
  const { tidemark, server, start, settle, money } = await looking(t, slowly(60, answers('DE')))
  const many = Array.from({ length: 350 }, (_, n) => moved({ id: `m${n}`, session: `s${n}`, old: true }))
  await tidemark.append(...many)
  await settle(start())
  t.equal(server.most, 100)
  t.equal(server.asked.length, 350)
  t.equal((await money()).filter((text) => text.includes(' looked-up DE')).length, 350)
})

void t.test('a service that hangs holds up no money but its own', async (t) => {
  const { tidemark, start, running, money } = await looking(t, hangs, 200)
  start()
  await tidemark.append(moved({ id: 'waits', session: 's', old: true }))
  for (let n = 0; n < 10; n++) await tidemark.append(moved({ id: `m${n}` }))
  await running.folded(moneyEnriched.name)
  t.equal((await money()).length, 11)
  t.ok((await money()).includes('waits pending, r0'))
})

void t.test(
  'what the service does not know or cannot tell is unresolved, until an operator has it asked again',
  async (t) => {
    const behaviour: Behaviour = (id, ...rest) => status(id === 'unknown' ? 404 : 500)(id, ...rest)
    const { tidemark, server, start, settle, money, unresolved, differences } = await looking(t, behaviour)
    const { eventStore, readStore } = tidemark
    await tidemark.append(
      moved({ id: 'a', session: 'unknown', old: true }),
      moved({ id: 'b', session: 'broken', old: true }),
      ended('x', later(60)),
    )
    const lookups = start()
    await settle(lookups)
    t.same(await money(), ['a unresolved, first, r1', 'b unresolved, r1'])
    t.same((await unresolved()).sort(), ['broken service-failed', 'unknown unknown-session'])
    t.match((await listUnresolvedSessions(readStore, { limit: 1 })).items, [
      { lookups: 1, detail: /answered (404|500)/ },
    ])
    server.behave(answers('SE'))
    await retrySession(eventStore, 'broken')
    await settle(lookups)
    t.same(await money(), ['a unresolved, first, r1', 'b looked-up SE, r2'])
    t.same(await unresolved(), ['unknown unknown-session'])
    await tidemark.append(began('unknown', 'PL'))
    await settle(lookups)
    t.same(
      await money(),
      ['a unresolved, first, r1', 'b looked-up SE, r2'],
      'old money does not go by the log',
    )
    t.same(await differences(), [])
  },
)

void t.test('only what failed is retried', async (t) => {
  const { tidemark, start, settle } = await looking(t, answers('SE'))
  const { eventStore } = tidemark
  await t.rejects(retrySession(eventStore, 's'), { code: 'unknown-session' })
  await tidemark.append(moved({ id: 'a', session: 's', old: true }))
  await settle(start())
  await t.rejects(retrySession(eventStore, 's'), { code: 'not-unresolved', message: /has been found/ })
})

void t.test('a session is retried once, however often an operator asks before the answer', async (t) => {
  const { tidemark, server, start, settle } = await looking(t, status(404))
  const { eventStore } = tidemark
  await tidemark.append(moved({ id: 'a', session: 's', old: true }))
  const lookups = start()
  await settle(lookups)
  server.behave(slowly(100, answers('PL')))
  await retrySession(eventStore, 's')
  await t.rejects(retrySession(eventStore, 's'), { code: 'not-unresolved', message: /is being looked up/ })
  await settle(lookups)
  t.same(await lookupEvents(tidemark), [
    'SessionLookupFailed session-s',
    'SessionLookupRetried session-s',
    'SessionLookedUp session-s',
  ])
})

void t.test('two processes that ask at the same time record one answer', async (t) => {
  const { tidemark, server, start, settle, money } = await looking(t, slowly(300, answers('DE')))
  const many = Array.from({ length: 40 }, (_, n) => moved({ id: `m${n}`, session: `s${n}`, old: true }))
  const [one, other] = [start(), start()]
  await tidemark.append(...many)
  await settle(one)
  await settle(other)
  t.ok(server.asked.length > 40, 'both asked')
  t.equal((await lookupEvents(tidemark)).length, 40)
  t.equal((await money()).filter((text) => / looked-up DE.* r1$/.test(text)).length, 40)
})

void t.test('an answer is recorded although the session has come meanwhile', async (t) => {
  const { tidemark, server, running, money } = await looking(t, answers('DE'))
  const { eventStore } = tidemark
  const service = sessionServiceAt(server.url)
  t.teardown(() => service.close())
  server.behave((...asked) => void tidemark.append(began('s', 'PL')).then(() => answers('DE')(...asked)))
  await tidemark.append(moved({ id: 'a', session: 's' }), moved({ id: 'b', session: 's', old: true }))
  await lookUpSession({ eventStore, service }, 's', new AbortController().signal)
  await running.folded(moneyEnriched.name)
  t.same(await lookupEvents(tidemark), ['SessionLookedUp session-s'])
  t.same(
    (await money()).map((text) => text.split(',')[0]),
    ['a known PL', 'b looked-up DE'],
  )
})

void t.test('after a stop the session is asked for again; a rebuild asks nobody', async (t) => {
  const { tidemark, server, start, settle, running, money } = await looking(t, hangs, 200)
  await tidemark.append(moved({ id: 'a', session: 's', old: true }))
  const lookups = start()
  await running.folded(moneyEnriched.name)
  while (server.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
  await lookups.stop()
  t.same(await lookupEvents(tidemark), [], 'nothing is recorded of what was called off')
  server.behave(answers('DE'))
  const again = start()
  await settle(again)
  t.same(await money(), ['a looked-up DE, first, r1'])
  await again.stop()
  const { length } = server.asked
  const { derivedDifferences } = await rebuild(moneyEnriched, tidemark)
  t.same(derivedDifferences, [])
  t.equal(server.asked.length, length)
})
