import type { Past } from '../past/as-of.js'
import { deadLetters } from './dead-letters.js'

/** A dead letter, which depends on nothing but its own stream. */
export function pastOfDeadLetter(id: string): Past {
  const stream = `deadletter-${id}`
  return {
    projection: deadLetters,
    keys: async ({ eventStore, position }) => {
      const [rejected] = await eventStore.readStream(stream, { limit: 1 })
      return rejected && rejected.position <= position ? [stream] : []
    },
  }
}
