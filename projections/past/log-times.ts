import { setImmediate } from 'node:timers/promises'
import type { EventStore } from '../../event-store/port.js'

const eventsAPage = 1_000
/** So many marks at most: then every second is forgotten. */
const mostMarks = 2_048

/** A place in the log that is known. */
interface Mark {
  readonly position: number
  /** The latest time at which an event up to there was recorded: the log's clock may have been set back. */
  readonly time: number
}

/**
 * When the log took what. It has no index by time, so it is read once from the start, and what was passed on the way is
 * remembered every so often: the next question is answered from there.
 */
export class LogTimes {
  readonly #eventStore: EventStore
  #marks: Mark[] = [{ position: 0, time: -Infinity }]
  /** About so many events lie between two marks. */
  #stride = eventsAPage

  constructor(eventStore: EventStore) {
    this.#eventStore = eventStore
  }

  /**
   * How far the log had got at an instant (epoch milliseconds): the last position before the first event that it took
   * later; 0 if it was empty. An instant that is to come is now.
   *
   * @throws whatever `signal` is aborted with
   */
  async positionAt(instant: number, signal: AbortSignal): Promise<number> {
    if (instant >= Date.now()) return this.#eventStore.head()
    let { position, time } = this.#markBefore(instant)
    let events = 0
    for (let after = position; ; after = position) {
      signal.throwIfAborted()
      await setImmediate()
      const page = await this.#eventStore.readAll({ after, limit: eventsAPage })
      for (const event of page.events) {
        if (event.recordedTime > instant) return position
        position = event.position
        time = Math.max(time, event.recordedTime)
        if (++events % this.#stride === 0) this.#mark({ position, time })
      }
      if (page.position <= after) return position
      position = page.position
    }
  }

  #markBefore(instant: number): Mark {
    return this.#marks.findLast(({ time }) => time <= instant) ?? { position: 0, time: -Infinity }
  }

  /** Only what lies beyond all other marks: so they are in order, whoever else is reading. */
  #mark(mark: Mark): void {
    if (mark.position <= (this.#marks.at(-1)?.position ?? 0)) return
    this.#marks.push(mark)
    if (this.#marks.length <= mostMarks) return
    this.#marks = this.#marks.filter((_, at) => at % 2 === 0)
    this.#stride *= 2
  }
}
