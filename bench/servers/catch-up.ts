import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { EventStoreDBClient, START, streamNameFilter } from '@eventstore/db-client'
import { openSystem } from '../../cli/compose.js'
import { catchUp } from '../../cli/caught-up.js'
import type { Benchmark } from '../benchmark.js'
import { compare, rateOf, takeTurns } from '../measure.js'
import { contextOf, described, importSample, writeSample } from '../sample-system.js'
import { addressIn, ownName } from './addresses.js'

/** All projections from an empty read store to the end of a log in EventStoreDB. */
export const catchUpFromServer: Benchmark = {
  name: 'server-catch-up',
  measures: 'all projections over a log in EventStoreDB, against a bare subscribeToAll that parses',
  needs: ['EVENTSTOREDB_URL'],
  run: async (setting) => {
    const url = addressIn('EVENTSTOREDB_URL')
    const namespace = ownName()
    const size = { subscribers: setting.quick ? 100 : 300, months: 7 }
    const sample = await writeSample(join(setting.folder, 'sample'), size)
    const open = (data: string) => {
      const { config } = contextOf(data)
      const engines = { ...config.engines, eventStoreDbUrl: url, namespace }
      return openSystem({ ...config, engines }, (report) => {
        if (report.type === 'failed') throw new Error(report.error)
      })
    }
    const filling = await open(join(setting.folder, 'filling'))
    setting.progress('fills the log')
    await filling.project()
    await importSample(filling, sample)
    const events = await countAll(url, namespace)
    await filling.close()

    const data = join(setting.folder, 'turn')
    const rounds = await takeTurns(
      {
        peer: () => rateOf(events, () => readAll(url, namespace, events)),
        ours: async () => {
          const system = await open(data)
          const rate = await rateOf(events, async () => {
            await system.project()
            await catchUp(system)
          })
          await system.close()
          rmSync(data, { recursive: true })
          return rate
        },
      },
      setting,
    )
    const detail = `${described(sample)}, ${events} events; read models in the embedded engine`
    return [compare(rounds, { name: 'server-catch-up', unit: 'events', required: 0.9, detail })]
  },
}

/** The loop that a consumer of its own would be: the client parses the JSON of every event. */
async function readAll(url: string, namespace: string, events: number): Promise<void> {
  const client = EventStoreDBClient.connectionString(url)
  const subscription = client.subscribeToAll({ fromPosition: START, filter: filterOf(namespace) })
  let seen = 0
  for await (const { event } of subscription) {
    if (event?.isJson && ++seen === events) break
  }
  await client.dispose()
}

async function countAll(url: string, namespace: string): Promise<number> {
  const client = EventStoreDBClient.connectionString(url)
  let count = 0
  for await (const { event } of client.readAll()) if (event?.streamId.startsWith(`${namespace}.`)) count++
  await client.dispose()
  return count
}

function filterOf(namespace: string) {
  return streamNameFilter({ prefixes: [`${namespace}.`] })
}
