import t from 'tap'
import { hostOf } from '../../cli/config.js'
import { tidemark } from './tidemark-command.js'

t.setTimeout(60_000)

void t.test('HOST is an IP address or a host name', async (t) => {
  for (const host of ['127.0.0.1', '0.0.0.0', '::', '::1', 'localhost', 'node-1.Example.org', '1a', '4.b']) {
    t.equal(hostOf(host), host)
  }
  const tooLong = 'a'.repeat(64)
  for (const host of [
    'not a host',
    '999.1.1.1',
    '127.0.0',
    '1',
    'a..b',
    '-a',
    'a-',
    'a_b',
    'h:80',
    tooLong,
  ]) {
    t.throws(() => hostOf(host), { code: 'invalid-setting', message: `HOST is "${host}"` }, host)
  }
})

void t.test('a bad one is refused at start', async (t) => {
  const folder = t.testdir()
  const bad = {
    code: 2,
    stdout: '',
    stderr: /^tidemark: HOST is "999.1.1.1": it takes an IP address or a host name\n$/,
  }
  t.match(await tidemark(folder, { HOST: '999.1.1.1' }, 'projections'), bad)
  t.match(await tidemark(folder, {}, 'serve', '--port', '0', '--host', '999.1.1.1'), {
    code: 2,
    stderr: /HOST is/,
  })
})
