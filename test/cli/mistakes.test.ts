import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { loadConfig } from '../../cli/config.js'
import { recordRejected } from '../../domain/dead-letter.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { temporaryFolder } from '../projections/tidemark.js'
import { tidemark } from './tidemark-command.js'

t.setTimeout(120_000)

void t.test('a folder without a log is told, and one that is not named is refused', async (t) => {
  const folder = temporaryFolder(t)
  t.match(await tidemark(folder, {}, 'streams', '--data', 'typo'), {
    code: 0,
    stderr: /there is no log in .*typo yet/,
  })
  t.throws(() => loadConfig(''), { code: 'invalid-setting', message: /--data is empty/ })
  writeFileSync(join(folder, 'file'), '')
  t.throws(() => loadConfig(join(folder, 'file/data')), {
    code: 'invalid-setting',
    message: /the data folder is .*file\/data, which cannot be reached/,
  })
  mkdirSync(join(folder, 'other/events.db'), { recursive: true })
  t.match(await tidemark(folder, {}, 'streams', '--data', 'other'), {
    code: 1,
    stderr: /events\.db cannot be opened: see whether/,
  })
})

void t.test('an .env that is a folder is told', async (t) => {
  const folder = temporaryFolder(t)
  mkdirSync(join(folder, '.env'))
  t.match(await tidemark(folder, {}, 'streams'), { code: 2, stderr: /\.env cannot be read: it is a folder/ })
})

void t.test('output that cannot be written is told', { skip: !existsSync('/dev/full') }, async (t) => {
  const program = fileURLToPath(new URL('../../cli/main.js', import.meta.url))
  const command = `${process.execPath} ${program} projections --json > /dev/full`
  const stderr = await new Promise<string>((resolve) => {
    execFile('sh', ['-c', command], { cwd: temporaryFolder(t) }, (error, _, text) => {
      t.equal(error?.code, 1)
      resolve(text)
    })
  })
  t.match(stderr, /^tidemark: the output cannot be written: .*ENOSPC.*\n$/m)
  t.notMatch(stderr, / {4}at /)
})

void t.test('a clock that is told an earlier instant says where it stays', async (t) => {
  const folder = temporaryFolder(t)
  const advance = (instant: string) => tidemark(folder, {}, 'advance-clock', instant)
  t.match(await advance('2020-02-01T00:00Z'), { stdout: /is advanced to 2020-02-01T00:00:00Z/ })
  t.match(await advance('2019-01-01T00:00Z'), { stdout: /stays at 2020-02-01T00:00:00Z: it never goes back/ })
})

void t.test('a record with line breaks is exported on one line', async (t) => {
  const folder = temporaryFolder(t)
  const eventStore = openEmbeddedEventStore(join(folder, 'data'))
  const letter = { kind: 'data-records', reason: 'conflicting-duplicate', detail: '' }
  const raw = Buffer.from('{\r\n  "id": "a\\nb",\n  "recordedBytes": 1\n}')
  await eventStore.append([recordRejected({ ...letter, raw }, { source: 'http:1#0' })])
  await eventStore.close()
  await tidemark(folder, {}, 'rebuild', '--all')
  t.equal(
    (await tidemark(folder, {}, 'dead-letters', 'export')).stdout,
    '{   "id": "a\\nb",   "recordedBytes": 1 }\n',
  )
})
