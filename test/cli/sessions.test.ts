import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../cli/config.js'
import { answers, startSessionServer, status } from '../commands/session-server.js'
import { createdEvent, walletEvent } from '../projections/money.js'
import { Serving } from './serving.js'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

void t.test('sessions on the command line', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-sessions-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const server = await startSessionServer(t, (id, ...rest) =>
    (id === 's1' ? answers('PL') : status(404))(id, ...rest),
  )
  const run = (settings: Record<string, string>, ...args: string[]) => tidemark(folder, settings, ...args)
  const withService = { SESSION_SERVICE_URL: server.url }
  const lines = ['s1', 's2', 's3'].map((session) =>
    JSON.stringify(walletEvent({ id: session, session, old: true })),
  )
  writeFileSync(join(folder, 'wallet.ndjson'), [...lines, '{"type":"WalletOpened"}', ''].join('\n'))
  const created = createdEvent('another', 'PL', '2020-01-02T00:00:00Z')
  writeFileSync(join(folder, 'sessions.ndjson'), `${JSON.stringify(created)}\n`)

  await t.test('without a session service, an import says what is pending', async (t) => {
    const ran = await run({}, 'import', 'wallet-events', 'wallet.ndjson', '--json')
    t.same(JSON.parse(ran.stdout), { read: 4, appended: 3, duplicates: 0, ignored: 1, rejected: 0 })
    t.match(ran, { code: 0, stderr: /money of 3 sessions is pending: SESSION_SERVICE_URL is not set/ })
    t.match(await run({}, 'sessions'), { code: 0, stdout: /there are no unresolved sessions/ })
  })

  await t.test('with one, it waits for the answers', async (t) => {
    t.match(await run(withService, 'import', 'session-events', 'sessions.ndjson'), { code: 0, stderr: '' })
    const { stdout } = await run({}, 'sessions', 'unresolved', '--json')
    const listed = JSON.parse(stdout) as { sessionId: string }[]
    t.match(listed, [{ reason: 'unknown-session', lookups: 1 }, { reason: 'unknown-session' }])
    t.same(listed.map(({ sessionId }) => sessionId).sort(), ['s2', 's3'])
    t.match(await run({}, 'stream', 'session-s1'), { stdout: /SessionLookedUp.*"clientCountryCode":"PL"/ })
  })

  await t.test('retries what failed, one or all', async (t) => {
    const again = await run(withService, 'sessions', 'retry', 's2', '--json')
    t.equal(again.code, 1, 'the service does not know it this time either')
    t.same(JSON.parse(again.stdout), [{ sessionId: 's2', unresolved: true }])
    server.behave(answers('SE'))
    const all = await run(withService, 'sessions', 'retry', '--all', '--json')
    t.equal(all.code, 0, all.stderr)
    const outcomes = JSON.parse(all.stdout) as { sessionId: string; unresolved: boolean }[]
    t.same(outcomes.map(({ sessionId }) => sessionId).sort(), ['s2', 's3'])
    t.notOk(outcomes.some(({ unresolved }) => unresolved))
    t.match(await run({}, 'sessions'), { stdout: /there are no unresolved sessions/ })
    t.match(await run({}, 'verify'), { code: 0 })
  })

  await t.test('beside serve, a retry waits for what that one looks up', async (t) => {
    server.behave(status(404))
    const serving = new Serving(t, join(folder, 'data'), ['--port', '0'], withService)
    const url = await serving.url()
    const money = JSON.stringify(walletEvent({ id: 's4', session: 's4', old: true }))
    writeFileSync(join(folder, 'more.ndjson'), `${money}\n`)
    await run({}, 'import', 'wallet-events', 'more.ndjson')
    while ((await unresolvedAt(url)).length === 0);
    const again = await run({}, 'sessions', 'retry', '--all', '--json')
    t.same([again.code, JSON.parse(again.stdout)], [1, [{ sessionId: 's4', unresolved: true }]])
    server.behave(answers('DK'))
    const found = await run({}, 'sessions', 'retry', 's4', '--json')
    t.same([found.code, JSON.parse(found.stdout)], [0, [{ sessionId: 's4', unresolved: false }]])
    await serving.stop()
  })

  await t.test('says what is wrong', async (t) => {
    t.match(await run({}, 'sessions', 'retry'), { code: 2, stderr: /say which sessions to retry, or --all/ })
    t.match(await run({}, 'sessions', 'retry', 's9'), { code: 1, stderr: /session s9 was never looked up/ })
    t.match(await run({}, 'sessions', 'retry', 's1'), { code: 1, stderr: /session s1 has been found/ })
    const settings: [Record<string, string>, RegExp][] = [
      [{ SESSION_TTL: 'P1M' }, /SESSION_TTL is "P1M": it takes an ISO 8601 duration/],
      [{ SESSION_WAIT: '-PT1S' }, /SESSION_WAIT is "-PT1S"/],
      [{ SESSION_SERVICE_URL: 'ftp://user:secret@x' }, /SESSION_SERVICE_URL is no http or https address/],
      [
        { SESSION_SERVICE_URL: 'http://user:secret@x/?a=b' },
        /SESSION_SERVICE_URL is no http or https address/,
      ],
      [{ SESSION_SERVICE_URL: 'http://user:secret%zz@x/' }, /SESSION_SERVICE_URL has a % in its user/],
      [
        { KAFKA_BROKERS: 'x:9092', SCHEMA_REGISTRY_URL: 'http://user:secret%zz@x/' },
        /SCHEMA_REGISTRY_URL has a % in its user or password/,
      ],
    ]
    for (const [setting, message] of settings) {
      const before = { ...process.env }
      Object.assign(process.env, setting)
      const error = t.throws(() => loadConfig(undefined), { message }) as Error
      process.env = before
      t.notMatch(error.message, /secret/)
    }
    t.match(await run({ SESSION_TTL: 'P1M' }, 'sessions'), { code: 2, stderr: /SESSION_TTL is "P1M"/ })
  })
})

async function unresolvedAt(url: string): Promise<unknown[]> {
  const { items } = (await (await fetch(`${url}/sessions/unresolved`)).json()) as { items: unknown[] }
  return items
}
