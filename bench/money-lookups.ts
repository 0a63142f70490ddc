import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { openSystem } from '../cli/compose.js'
import { moneyEnriched } from '../projections/money/money-enriched.js'
import type { Benchmark } from './benchmark.js'
import { compare, rateOf, takeTurns, type Turn } from './measure.js'
import { describedMoney, takeMoneyIn } from './money-sample.js'
import { contextOf, openSampleSystem } from './sample-system.js'

/** Of the session service, in milliseconds. */
const latency = 500
/** Between two looks at the checkpoint, in milliseconds. */
const lookAgainAfter = 5

/** Session lookups never hold up the projection, however slow the service is. */
export const lookups: Benchmark = {
  name: 'money-lookups',
  measures: `enriching with a session service that takes ${latency} ms, against enriching without one`,
  run: async (setting) => {
    const size = { users: 1_000, events: setting.quick ? 20_000 : 100_000 }
    const log = join(setting.folder, 'log')
    const system = await openSampleSystem(log)
    const facts = await takeMoneyIn(system.eventStore, size)
    await system.close()
    const service = fork(new URL('./slow-session-service.js', import.meta.url), [String(latency)])
    const [port] = (await once(service, 'message')) as [number]
    const data = join(setting.folder, 'turn')
    const rounds = await takeTurns(
      { peer: enrich(log, data), ours: enrich(log, data, `http://127.0.0.1:${port}`) },
      setting,
    )
    service.disconnect()
    const detail = describedMoney(size, facts)
    return [compare(rounds, { name: 'money-lookups', unit: 'events', required: 0.9, detail })]
  },
}

/** From a log without read models until the last of its facts is folded, over and over from the start. */
function enrich(log: string, data: string, sessionServiceUrl?: string): Turn {
  return async () => {
    cpSync(log, data, { recursive: true })
    const config = {
      ...contextOf(data).config,
      ...(sessionServiceUrl !== undefined && { sessionServiceUrl }),
    }
    const system = await openSystem(config, (report) => {
      if (report.type === 'failed' || report.type === 'trouble') throw new Error(report.error)
    })
    const head = await system.eventStore.head()
    const rate = await rateOf(head, async () => {
      await system.project()
      while (((await (await system.readStore.live(moneyEnriched.name))?.checkpoint()) ?? 0) < head) {
        await new Promise((resolve) => setTimeout(resolve, lookAgainAfter))
      }
    })
    if (sessionServiceUrl !== undefined && system.lookups?.answers === 0)
      throw new Error('no session was looked up')
    await system.close()
    rmSync(data, { recursive: true })
    return rate
  }
}
