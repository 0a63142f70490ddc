import t from 'tap'
import { temporaryFolder } from '../projections/tidemark.js'
import { tidemark } from './tidemark-command.js'

t.setTimeout(120_000)

const password = 'geheim'

void t.test(
  'a value that cannot be used ends the command with 2, and is named without its password',
  async (t) => {
    const folder = temporaryFolder(t)
    // Nobody is there: what is wrong is said before anybody is waited for.
    const nobody = 'esdb://127.0.0.1:1?tls=false'
    const refused: [name: string, value: string, more?: Record<string, string>][] = [
      ['EVENTSTOREDB_URL', `esdb://user:${password}@host:port`],
      ['EVENTSTOREDB_URL', `esdb://user:${password}@host:99999`],
      ['EVENTSTOREDB_URL', `esdb://user:${password}@host:2113?nonsense=1`],
      ['EVENTSTOREDB_URL', `http://user:${password}@host:2113`],
      ['MONGODB_URL', `mongodb://user:${password}@127.0.0.1:1/?foo=bar`, { EVENTSTOREDB_URL: nobody }],
      ['MONGODB_URL', 'mongodb://127.0.0.1:1/?replicaSet='],
      ['MONGODB_URL', `mongodb://user:${password}@127.0.0.1:99999/`],
      ['MONGODB_URL', `mongodb://user:${password}@`],
      ['TIDEMARK_NAMESPACE', '1a'],
      ['TIDEMARK_NAMESPACE', '_a', { EVENTSTOREDB_URL: nobody }],
      ['TIDEMARK_NAMESPACE', 'a-b'],
      ['TIDEMARK_NAMESPACE', 'a'.repeat(31)],
    ]
    await Promise.all(
      refused.map(async ([name, value, more = {}]) => {
        const { code, stdout, stderr } = await tidemark(folder, { ...more, [name]: value }, 'projections')
        t.equal(code, 2, `${name}=${value}`)
        t.match(stderr, new RegExp(`^tidemark: ${name}\\b.*\\n$`))
        t.notMatch(stdout + stderr, password)
      }),
    )
  },
)

void t.test('a target that is no EventStoreDB, and a namespace that is none, are wrong usage', async (t) => {
  const folder = temporaryFolder(t)
  for (const [option, ...args] of [
    ['--to', '--to', `http://user:${password}@host:2113`],
    ['--to', '--to', `esdb://user:${password}@host:port`],
    ['--namespace', '--to', 'esdb://127.0.0.1:1', '--namespace', 'a-b'],
  ] as const) {
    const { code, stderr } = await tidemark(folder, {}, 'copy', '--from', folder, ...args)
    t.equal(code, 2, args.join(' '))
    t.match(stderr, new RegExp(`^tidemark: ${option}\\b`))
    t.notMatch(stderr, password)
  }
})
