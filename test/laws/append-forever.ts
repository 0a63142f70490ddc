import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { event } from '../contract/event-store/events.js'

/** Appends until it is killed. Prints the ids of every append that was answered, a line each. */
const [folder = ''] = process.argv.slice(2)
// Small tails: it is killed while it indexes as well.
const store = openEmbeddedEventStore(folder, { tail: 300 })
const callers = 8

async function call(caller: number): Promise<never> {
  for (let n = 0; ; n++) {
    const events = Array.from({ length: 1 + ((n * 7) % 40) }, (_, i) => event(`s-${(caller + i) % 5}`, n))
    await store.append(events)
    process.stdout.write(events.map(({ id }) => id).join(' ') + '\n')
  }
}

await Promise.all(Array.from({ length: callers }, (_, caller) => call(caller)))
