import { appendFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { RecordedEvent } from '../domain/event.js'
import { openEmbeddedEventStore } from '../event-store/embedded/embedded.js'
import type { EventStore } from '../event-store/port.js'
import type { Benchmark } from './benchmark.js'
import { compare, sustainedRateOf, takeTurns } from './measure.js'
import { scanJsonLines } from './peers/json-lines.js'
import { sampleEvents } from './sample-events.js'

/** As the projections read. */
const eventsAPage = 2_500

/** The whole log from the start, parsed: what a rebuild does before it folds. */
export const readLog: Benchmark = {
  name: 'read-log',
  measures: 'the whole log through readAll, against scanning a file of the same JSON lines',
  run: async (setting) => {
    const count = setting.quick ? 60_000 : 300_000
    const [folder, lines] = [join(setting.folder, 'ours'), join(setting.folder, 'peer.ndjson')]
    await writeBoth(folder, lines, count)
    const rounds = await takeTurns(
      {
        peer: () =>
          sustainedRateOf(count, () => {
            let revisions = 0
            const read = scanJsonLines(lines, (event) => (revisions += (event as RecordedEvent).revision))
            if (read !== count || revisions === 0) throw new Error(`the file has ${read} events`)
          }),
        ours: async () => {
          const log = openEmbeddedEventStore(folder)
          const rate = await sustainedRateOf(count, async () => {
            let [read, revisions] = [0, 0]
            for await (const events of pagesOf(log)) {
              for (const { revision } of events) revisions += revision
              read += events.length
            }
            if (read !== count || revisions === 0) throw new Error(`the log has ${read} events`)
          })
          await log.close()
          return rate
        },
      },
      setting,
    )
    const detail = `${count} events, lines of ${Math.round(statSync(lines).size / count)} bytes`
    return [compare(rounds, { name: 'read-log', unit: 'events', required: 0.55, detail })]
  },
}

/** Fills a log, and a file with the very lines that are in it. */
async function writeBoth(folder: string, lines: string, count: number): Promise<void> {
  const log = openEmbeddedEventStore(folder)
  const events = sampleEvents(count)
  for (let from = 0; from < count; from += 5_000) await log.append(events.slice(from, from + 5_000))
  for await (const page of pagesOf(log)) {
    appendFileSync(lines, page.map(lineOf).join('\n') + '\n')
  }
  await log.close()
}

/** The log page by page, from its start to its end; all of it, or some categories. */
export async function* pagesOf(
  log: EventStore,
  categories?: readonly string[],
): AsyncGenerator<readonly RecordedEvent[], void, void> {
  for (let after = 0; ;) {
    const { events, position } = await log.readAll({ after, limit: eventsAPage, categories })
    if (position === after) return
    yield events
    after = position
  }
}

/** The line that the log keeps of an event. */
export function lineOf({ id, stream, type, data, metadata, revision }: RecordedEvent): string {
  return JSON.stringify({ id, stream, type, data, metadata, revision })
}
