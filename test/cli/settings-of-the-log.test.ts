import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(120_000)

void t.test(
  'what is set becomes a fact of the log, and what is not set stays what it is there',
  async (t) => {
    const folder = t.testdir()
    const unset = { ALLOWED_LATENESS: undefined, SESSION_TTL: undefined, SESSION_WAIT: undefined }
    writeFileSync(join(folder, 'none.csv'), '')
    const importWith = async (settings: Record<string, string>) => {
      const ran = await tidemark(folder, { ...unset, ...settings }, 'import', 'data-records', 'none.csv')
      t.equal(ran.code, 0, ran.stderr)
    }
    const factsOf = async (stream: string) => {
      const { stdout } = await tidemark(folder, unset, 'stream', stream, '--json')
      return (JSON.parse(stdout) as { data: unknown }[]).map(({ data }) => data)
    }
    await importWith({ ALLOWED_LATENESS: 'P1W', SESSION_TTL: 'PT1H' })
    await importWith({})
    await importWith({ ALLOWED_LATENESS: 'PT0S', SESSION_WAIT: 'PT1M' })
    const day = 86_400_000
    t.same(await factsOf('clock-data-records'), [{ milliseconds: 7 * day }, { milliseconds: 0 }])
    t.same(await factsOf('setting-sessions'), [
      { timeToLive: 3_600_000, wait: 20_000 },
      { timeToLive: 3_600_000, wait: 60_000 },
    ])
  },
)
