import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Serving } from './serving.js'

t.setTimeout(180_000)

void t.test('a projector serves its health and its metrics where it is told to', async (t) => {
  const folder = await dataFolder(t)
  const projector = new Serving(t, folder, ['--roles', 'projector', '--port', '0'])
  const url = await projector.url()
  t.same(await statusesOf(url, '/health/live', '/health/ready', '/metrics'), [200, 200, 200])
  t.same(await statusesOf(url, '/agreements/a', '/projections', '/streams'), [404, 404, 404])
  t.equal(await projector.stop(), 0)
})

void t.test('without a port a projector leaves the usual one to the API', async (t) => {
  const projector = new Serving(t, await dataFolder(t), ['--roles', 'projector'])
  await projector.lineWith('"type":"started"')
  t.equal(await projector.stop(), 0)
  t.ok(await projector.lineWith('health and metrics are not served'))
  t.notOk(await projector.lineWith('Server listening'))
})

void t.test('the API alone serves everything', async (t) => {
  const api = new Serving(t, await dataFolder(t), ['--roles', 'api', '--port', '0'])
  const url = await api.url()
  t.same(await statusesOf(url, '/health/live', '/metrics', '/projections'), [200, 200, 200])
  t.same(await statusesOf(url, '/health/ready'), [503], 'nobody has built the read models')
  t.equal(await api.stop(), 0)
})

void t.test('a port that is taken is an error, and leaves nothing running', async (t) => {
  const folder = await dataFolder(t)
  const api = new Serving(t, folder, ['--roles', 'api', '--port', '0'])
  const { port } = new URL(await api.url())
  const second = new Serving(t, folder, ['--roles', 'api', '--port', port])
  t.equal(await second.exitCode, 1)
  t.match(second.errors, /^tidemark: cannot listen at HOST 127.0.0.1, PORT \d+: .* set another PORT$/m)
  t.equal(await api.stop(), 0)
})

void t.test('an address that this machine does not have is an error that says so', async (t) => {
  // Of the addresses that are kept for documentation.
  const api = new Serving(t, await dataFolder(t), ['--roles', 'api', '--host', '192.0.2.1', '--port', '0'])
  t.equal(await api.exitCode, 1)
  t.match(api.errors, /^tidemark: cannot listen at HOST 192.0.2.1, PORT 0: .* set HOST/m)
})

async function dataFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidemark-serve-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

async function statusesOf(url: string, ...paths: string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await fetch(url + path)).status))
}
