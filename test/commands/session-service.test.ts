import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { sessionServiceAt, type SessionServiceOptions } from '../../commands/session-service.js'
import {
  answers,
  breaksOff,
  drips,
  floods,
  garbage,
  hangs,
  slowly,
  startSessionServer,
  status,
  type Behaviour,
} from './session-server.js'

/** Quicker than in earnest; what is waited for is the same. */
const quick: SessionServiceOptions = { timeout: 200, backoff: 10, rest: 50 }
const never = () => new AbortController().signal

async function asking(t: Test, behaviour: Behaviour, options: SessionServiceOptions = {}) {
  const server = await startSessionServer(t, behaviour)
  const service = sessionServiceAt(server.url, { ...quick, ...options })
  t.teardown(() => service.close())
  return { server, service, ask: (id = 's') => service.ask(id, never()) }
}

void t.test('tells where the client of a session is', async (t) => {
  const { ask, server } = await asking(t, answers('PL'))
  t.same(await ask('a session?'), { type: 'found', clientCountryCode: 'PL' })
  t.same(server.asked, ['a session?'])
})

void t.test('may be reached under a path, with a name and a password', async (t) => {
  let seen: (string | undefined)[] = []
  const server = await startSessionServer(t, (id, response, { url, headers }) => {
    seen = [url, headers.authorization]
    answers('PL')(id, response, {} as never)
  })
  const service = sessionServiceAt(`${server.url.replace('//', '//us%40er:se:cret@')}/base/`, quick)
  t.teardown(() => service.close())
  t.match(await service.ask('s', never()), { type: 'found' })
  t.same(seen, ['/base/sessions/s', `Basic ${Buffer.from('us@er:se:cret').toString('base64')}`])
})

void t.test('a session that it does not know is an answer: it is asked once', async (t) => {
  const { ask, server } = await asking(t, status(404, 'x'.repeat(100_000)))
  t.match(await ask(), { type: 'failed', reason: 'unknown-session' })
  t.equal(server.asked.length, 1)
})

void t.test('whatever else it does is tried again, and then has failed, in bounded time', async (t) => {
  const bad: [string, Behaviour, RegExp][] = [
    ['answers 500', status(500), /it answered 500/],
    ['answers 503', status(503, '{"clientCountryCode":"PL"}'), /it answered 503/],
    ['redirects', status(302), /it answered 302/],
    ['refuses us', status(401), /it answered 401/],
    ['answers garbage', garbage('<html>'), /not JSON/],
    ['answers nothing', garbage(''), /not JSON/],
    ['answers something else', garbage('{"country":"PL"}'), /without a clientCountryCode/],
    ['answers no text', garbage('{"clientCountryCode":42}'), /without a clientCountryCode/],
    ['answers control characters', garbage('{"clientCountryCode":"\\u0000"}'), /without a clientCountryCode/],
    [
      'answers too much',
      garbage(JSON.stringify({ clientCountryCode: 'PL', more: 'x'.repeat(20_000) })),
      /more than 16384 bytes/,
    ],
    ['never stops answering', floods, /more than 16384 bytes/],
    ['breaks off', breaksOff, /cannot be reached/],
    ['hangs', hangs, /no answer within 200 ms/],
    ['answers a byte at a time', drips, /no answer within 200 ms/],
    ['answers too slowly', slowly(400, answers('PL')), /no answer within 200 ms/],
  ]
  await Promise.all(
    bad.map(async ([what, behaviour, detail]) => {
      const { ask, server } = await asking(t, behaviour)
      const start = performance.now()
      t.match(await ask(), { type: 'failed', reason: 'service-failed', detail }, what)
      t.equal(server.asked.length, 3, `${what}: it is asked three times`)
      t.ok(performance.now() - start < 5_000, `${what}: took ${performance.now() - start} ms`)
    }),
  )
})

void t.test('an answer at the second or third attempt is an answer', async (t) => {
  const { ask, server } = await asking(t, (id, response, request) => {
    const behaviour = [status(500), hangs, answers('PL')][server.asked.length - 1]!
    behaviour(id, response, request)
  })
  t.same(await ask(), { type: 'found', clientCountryCode: 'PL' })
  t.equal(server.asked.length, 3)
})

void t.test('a slow answer is an answer, within the time', async (t) => {
  const { ask } = await asking(t, slowly(60, answers('PL')), { timeout: 5_000 })
  t.match(await ask(), { type: 'found' })
})

void t.test('nothing of its address is in what is said of it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  const service = sessionServiceAt(`http://user:secret@127.0.0.1:${port}`, quick)
  t.teardown(() => service.close())
  const answer = await service.ask('s', never())
  t.match(answer, { type: 'failed', reason: 'service-failed', detail: /cannot be reached \(ECONNREFUSED\)/ })
  t.notMatch(JSON.stringify(answer), /secret|127\.0\.0\.1/)
})

void t.test('a service that only fails is left alone, and asked again after a moment', async (t) => {
  const { ask, server } = await asking(t, status(500), { rest: 300, backoff: 1 })
  const first = await Promise.all(Array.from({ length: 60 }, (_, n) => ask(`s${n}`)))
  t.ok(first.every(({ type }) => type === 'failed'))
  t.equal(new Set(server.asked).size, 60, 'none fails that was not asked for')
  // Of 180 attempts those went through that were under way before 20 had failed, and a few to see whether it is better.
  t.ok(server.asked.length < 140, `${server.asked.length} requests`)
  server.behave(answers('PL'))
  t.same(await ask('later'), { type: 'found', clientCountryCode: 'PL' })
})

void t.test('who comes while it is left alone has not failed, and is asked for later', async (t) => {
  const { ask, server } = await asking(t, status(500), { rest: 50, backoff: 1 })
  await Promise.all(Array.from({ length: 60 }, (_, n) => ask(`s${n}`)))
  const waiting = Promise.all(Array.from({ length: 60 }, (_, n) => ask(`w${n}`)))
  server.behave(answers('PL'))
  for (const answer of await waiting) t.same(answer, { type: 'found', clientCountryCode: 'PL' })
})

void t.test('whoever calls a lookup off is not told an answer', async (t) => {
  const { service } = await asking(t, hangs, { timeout: 60_000 })
  const stopping = new AbortController()
  const asked = service.ask('s', stopping.signal)
  setImmediate(() => stopping.abort())
  await t.rejects(asked)
})
