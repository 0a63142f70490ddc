import type { RecordedEvent } from '../domain/event.js'
import type { EventStore } from '../event-store/port.js'
import type { Output } from './output.js'

/** Which events are told, and in which words. */
export interface Telling {
  readonly categories: readonly string[]
  readonly shown: (event: RecordedEvent) => string
}

/** Follows the log while something is being done, and tells of every event of some categories as it comes. */
export async function whileTelling<T>(
  eventStore: EventStore,
  { categories, shown }: Telling,
  output: Output,
  work: () => Promise<T>,
): Promise<T> {
  const done = new AbortController()
  const after = await eventStore.head()
  let told = after
  let end = Infinity
  const telling = (async () => {
    for await (const page of eventStore.follow({ after, limit: 100, categories }, done.signal)) {
      for (const event of page.events) output.say(shown(event))
      told = page.position
      if (told >= end) return
    }
  })()
  // What goes wrong there is thrown where it is waited for.
  telling.catch(() => {})
  try {
    const result = await work()
    end = await eventStore.head()
    if (told < end) await telling
    return result
  } finally {
    done.abort()
    await telling.catch(() => {})
  }
}
