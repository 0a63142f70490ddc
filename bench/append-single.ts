import { appendTurns, type Append } from './append-turns.js'
import type { Benchmark } from './benchmark.js'
import { compare, takeTurns } from './measure.js'
import { meanBytes, sampleEvents } from './sample-events.js'

const callers = 64

/** Many callers at once, each with one event and waiting for its answer: what an API does all day. */
export const appendSingle: Benchmark = {
  name: 'append-single',
  measures: `durable appends of one event each, ${callers} callers at once, against a bare group-commit file`,
  run: async (setting) => {
    const events = sampleEvents(setting.quick ? 40_000 : 150_000)
    const appendAll = async (append: Append) => {
      let next = 0
      const call = async () => {
        while (next < events.length) await append(events.slice(next, ++next))
      }
      await Promise.all(Array.from({ length: callers }, call))
    }
    const rounds = await takeTurns(appendTurns(setting.folder, events.length, appendAll), setting)
    const detail = `${events.length} events of ${meanBytes(events)} bytes`
    return [compare(rounds, { name: 'append-single', unit: 'events', required: 0.8, detail })]
  },
}
