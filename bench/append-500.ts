import { appendTurns, type Append } from './append-turns.js'
import type { Benchmark } from './benchmark.js'
import { compare, takeTurns } from './measure.js'
import { meanBytes, sampleEvents } from './sample-events.js'

const eventsAnAppend = 500

/** One caller with arrays of events, who waits for each answer. */
export const append500: Benchmark = {
  name: 'append-500',
  measures: `durable appends of ${eventsAnAppend} events each, one caller, against a bare group-commit file`,
  run: async (setting) => {
    const events = sampleEvents(setting.quick ? 60_000 : 300_000)
    const appendAll = async (append: Append) => {
      for (let from = 0; from < events.length; from += eventsAnAppend) {
        await append(events.slice(from, from + eventsAnAppend))
      }
    }
    const rounds = await takeTurns(appendTurns(setting.folder, events.length, appendAll), setting)
    const detail = `${events.length} events of ${meanBytes(events)} bytes`
    return [compare(rounds, { name: 'append-500', unit: 'events', required: 0.7, detail })]
  },
}
