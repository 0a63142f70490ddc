import type { NewEvent } from '../../domain/event.js'
import type { Bell } from './bell.js'
import { lineOf } from './line.js'
import type { LogFile, LogLines } from './log.js'
import type { EventLocator, Located } from './locator.js'
import { RevisionConflict } from '../errors.js'
import { assertValid } from '../valid-event.js'
import { nextKey } from './id-key.js'
import type { Appended, Expectation, Placed } from '../port.js'

/** One caller's append, waiting for its turn. */
interface Request {
  readonly events: readonly NewEvent[]
  readonly expect: readonly Expectation[]
  /** Written before its turn comes, so that the turn is short. */
  readonly lines: readonly string[]
  readonly resolve: (appended: Appended) => void
  readonly reject: (error: unknown) => void
}

/**
 * Everyone who appends in the same turn of the event loop shares one transaction and so one wait for the disk.
 * Only the request that conflicts is refused; the others of its group are written.
 */
export class GroupCommit {
  readonly #log: LogFile
  readonly #locator: EventLocator
  readonly #bell: Bell
  #waiting: Request[] = []
  #running: Promise<void> | undefined

  constructor(log: LogFile, locator: EventLocator, bell: Bell) {
    this.#log = log
    this.#locator = locator
    this.#bell = bell
  }

  /** @throws {InvalidEvent} an event has no UUID or no stream */
  append(events: readonly NewEvent[], expect: readonly Expectation[]): Promise<Appended> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ events, expect, lines: events.map(checkedLineOf), resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve))
      const group = this.#waiting
      this.#waiting = []
      try {
        await this.#locator.makeRoom()
        const answers = await this.#commit(group)
        group.forEach(({ resolve, reject }, i) => {
          const answer = answers[i]
          if (answer instanceof RevisionConflict) reject(answer)
          else if (answer) resolve(answer)
        })
        this.#bell.ring()
      } catch (error) {
        this.#locator.reset()
        for (const { reject } of group) reject(error)
      }
      // Let those who were answered append again before the next group is closed.
      await Promise.resolve()
    }
    this.#running = undefined
  }

  async #commit(group: readonly Request[]): Promise<readonly (Appended | RevisionConflict)[]> {
    const answers = await this.#log.transaction(() =>
      this.#locator.isFarBehind ? undefined : this.#write(group),
    )
    if (answers) return answers
    // Others have appended much: to read it within the transaction would hold them up.
    await this.#locator.catchUp()
    return this.#log.transaction(() => this.#write(group))
  }

  #write(group: readonly Request[]): (Appended | RevisionConflict)[] {
    this.#locator.catchUpNow()
    const turn = new Turn(this.#locator, group)
    const answers = group.map((request) => turn.take(request))
    if (turn.lines.texts.length > 0) this.#log.write(turn.first, turn.lines, Date.now())
    return answers
  }
}

function checkedLineOf(event: NewEvent): string {
  assertValid(event)
  return lineOf(event)
}

/** One transaction's view of the log: what was there before it, and what the requests before this one add. */
class Turn {
  readonly first: number
  readonly lines: LogLines = { streams: [], texts: [], revisions: [] }
  readonly #locator: EventLocator
  readonly #located: Located
  /** The ids of {@link lines}. */
  readonly #ids: string[] = []
  /** How many events of the group were looked at. */
  #seen = 0

  constructor(locator: EventLocator, group: readonly Request[]) {
    this.#locator = locator
    this.first = locator.head + 1
    const ids: string[] = []
    for (const { events } of group) for (const { id } of events) ids.push(id)
    this.#located = locator.locate(ids)
  }

  /** Writes the events of a request that are new, or says which expectation does not hold. */
  take({ events, lines, expect }: Request): Appended | RevisionConflict {
    const start = this.#seen
    this.#seen += events.length
    const conflict = this.#conflictOf(events, expect, start)
    if (conflict) return conflict
    let position = 0
    const placed: Placed[] = []
    for (let i = 0; i < events.length; i++) {
      const event = events[i] as NewEvent
      const place = this.#known(event.id, start + i) ?? this.#add(event, lines[i] ?? '', start + i)
      if (place.position > position) position = place.position
      placed.push(place)
    }
    return { position, events: placed }
  }

  /** The first expectation that does not hold; a stream whose events are all there already is not asked. */
  #conflictOf(events: readonly NewEvent[], expect: readonly Expectation[], start: number) {
    for (const { stream, revision } of expect) {
      const actual = this.#locator.revisionOf(stream) ?? 'none'
      if (actual === revision) continue
      const own = events.flatMap((event, i) =>
        event.stream === stream ? [this.#known(event.id, start + i)] : [],
      )
      if (own.length === 0 || own.includes(undefined)) return new RevisionConflict(stream, revision, actual)
    }
    return undefined
  }

  /** Where an event stands that the log has, or that an earlier request of this turn, or this one, has added. */
  #known(id: string, index: number): Placed | undefined {
    const found = this.#located.found.get(index)
    if (found) return { revision: found.revision, position: found.position, duplicate: true }
    for (let key = this.#located.keys[index] ?? 0; ; key = nextKey(key)) {
      const position = this.#locator.added(key)
      if (position === undefined || position < this.first) return undefined
      const at = position - this.first
      if (this.#ids[at] !== id) continue
      return { revision: this.lines.revisions[at] ?? 0, position, duplicate: true }
    }
  }

  #add({ id, stream }: NewEvent, text: string, index: number): Placed {
    const { streams, texts, revisions } = this.lines
    const position = this.first + texts.length
    const revision = this.#locator.add(this.#located.keys[index] ?? 0, stream, position)
    streams.push(stream)
    texts.push(text)
    revisions.push(revision)
    this.#ids.push(id)
    return { revision, position, duplicate: false }
  }
}
