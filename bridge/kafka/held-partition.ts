import type { Batch, EachBatchPayload } from 'kafkajs'
import { SourceFenced } from '../../commands/read-source.js'
import { Backoff } from './backoff.js'
import { isClientError, rootOf } from './errors.js'
import type { BridgeFigures } from './figures.js'
import { beating } from './heartbeat.js'
import type { LimitsOf } from './limits.js'
import type { Flow, PartitionReader } from './partition.js'
import type { BridgeReport } from './reports.js'
import type { Troubles } from './troubles.js'

/** What the group decided when it was last put together. */
export interface Assignment {
  readonly member: string
  /** The group has been put together anew, or left: what was begun under this assignment is not carried on. */
  over: boolean
}

/** What a partition needs of the consumer that fetches it. */
export interface Fetching {
  readonly group: string
  /** Milliseconds. */
  readonly heartbeat: number
  /** How long a partition is left to a reader of another group without any progress, in milliseconds. */
  readonly abandoned: number
  readonly figures: BridgeFigures
  readonly troubles: Troubles
  readonly report: (report: BridgeReport) => void
  /** What partitions hold now. */
  readonly limits: () => LimitsOf
  readonly pause: (partition: PartitionReader) => void
  /** Fetches from this offset on, though it was paused. */
  readonly fetchFrom: (partition: PartitionReader, offset: number) => void
  /** Sends the fetching to this offset; whether it is paused stays as it is. */
  readonly seek: (partition: PartitionReader, offset: number) => void
  /** Does the group, as it stands, have this member read the partition? */
  readonly isAssigned: (partition: PartitionReader, member: string) => Promise<boolean>
}

/**
 * A partition that the group has given to this member. It is claimed before anything is fetched; it rests for a while
 * where something does not work, and as long as need be where somebody else has claimed it.
 */
export class HeldPartition {
  readonly #fetching: Fetching
  readonly #backoff = new Backoff()
  #assignment: Assignment
  /** Where reading stood when somebody last looked. */
  #seenAt: number | undefined
  /** It could not be claimed: once it is, that trouble is over. Of any other, only a page that was read can tell. */
  #unclaimed = false
  /** While the partition rests. */
  #timer: NodeJS.Timeout | undefined

  constructor(
    readonly reader: PartitionReader,
    fetching: Fetching,
    assignment: Assignment,
  ) {
    this.#fetching = fetching
    this.#assignment = assignment
  }

  /** The group gives the partition to this member, again or for the first time. */
  async begin(assignment: Assignment, limitsOf: LimitsOf): Promise<void> {
    this.#rouse()
    this.#assignment = assignment
    await this.#claim(limitsOf)
  }

  /** The partition is somebody else's. */
  end(): void {
    this.#rouse()
    this.#fetching.figures.noLag(this.reader.topic, this.reader.partition)
    this.#fetching.troubles.over(this.reader.name)
  }

  /** Takes in what was fetched. */
  async read(payload: EachBatchPayload): Promise<void> {
    const assignment = this.#assignment
    const mayGoOn = () => payload.isRunning() && !payload.isStale() && !assignment.over
    if (!mayGoOn()) return
    const taken = (offset: string, lag: number) => {
      if (assignment.over) return
      payload.resolveOffset(offset)
      this.#fetching.figures.lag(this.reader.topic, this.reader.partition, lag)
    }
    try {
      await beating(
        () => payload.heartbeat(),
        this.#fetching.heartbeat,
        (beat) => this.#read(payload.batch, { mayGoOn, beat, taken }),
      )
    } catch (error) {
      // The library joins the group again, or gives up.
      if (isClientError(error)) throw error
      if (assignment.over) return
      this.#fetching.pause(this.reader)
      await this.#failed(error)
    }
  }

  /** Called now and then: where nothing comes any more, it is said how far reading has come. */
  async look(): Promise<void> {
    const assignment = this.#assignment
    const { offset } = this.reader
    const isQuiet = offset === this.#seenAt
    this.#seenAt = offset
    if (!isQuiet || this.#timer || assignment.over) return
    try {
      await this.reader.settle()
    } catch (error) {
      if (assignment.over) return
      this.#fetching.pause(this.reader)
      await this.#failed(error)
    }
  }

  async #read(batch: Batch, flow: Omit<Flow, 'limits'>): Promise<void> {
    const { limits, seek } = this.#fetching
    const { topic, partition } = this.reader
    const elsewhere = await this.reader.read(batch, { ...flow, limits: () => limits()(topic, partition) })
    this.#works()
    if (elsewhere !== undefined && flow.mayGoOn()) seek(this.reader, elsewhere)
  }

  async #claim(limitsOf = this.#fetching.limits()): Promise<void> {
    const assignment = this.#assignment
    const { figures, fetchFrom, report } = this.#fetching
    const { reader } = this
    const { topic, partition, name } = reader
    try {
      const limits = await limitsOf(topic, partition)
      const offset = await reader.claim(assignment.member, limits)
      if (assignment.over) return
      if (this.#unclaimed) this.#works()
      figures.lag(topic, partition, limits.high - (reader.offset ?? offset))
      fetchFrom(reader, offset)
      report({ type: 'claimed', partition: name, offset })
    } catch (error) {
      if (assignment.over) return
      this.#unclaimed = true
      await this.#failed(error)
    }
  }

  #works(): void {
    this.#unclaimed = false
    this.#backoff.reset()
    this.#fetching.troubles.over(this.reader.name)
  }

  /** The partition rests; the others go on. */
  async #failed(error: unknown): Promise<void> {
    if (error instanceof SourceFenced) return this.#fenced()
    const wait = this.#backoff.next()
    this.#fetching.troubles.met(this.reader.name, rootOf(error), wait)
    this.#later(wait, () => this.#claim())
  }

  /**
   * Somebody else has claimed the partition. If that was a member that the group has taken it from meanwhile, it is
   * claimed back. Otherwise it rests until the group is put together anew, or nobody reads it any more.
   */
  async #fenced(): Promise<void> {
    const { group, abandoned, figures, report, isAssigned } = this.#fetching
    const assignment = this.#assignment
    const { reader } = this
    reader.release()
    try {
      const by = await reader.claimant()
      const rival = by && 'group' in by ? by.group : 'another reader'
      if (assignment.over) return
      figures.fenced(reader.name)
      report({ type: 'fenced', what: reader.name, by: rival })
      if (rival === group && (await isAssigned(reader, assignment.member))) return await this.#claim()
      const { revision } = await reader.standing()
      this.#later(abandoned, () => this.#takeOver(revision))
    } catch (error) {
      if (!assignment.over) await this.#failed(error)
    }
  }

  /** Claims the partition if records wait in it and nobody has written to its stream for a while. */
  async #takeOver(seen: number): Promise<void> {
    const { topic, partition } = this.reader
    const { high } = await this.#fetching.limits()(topic, partition)
    const { revision, offset } = await this.reader.standing()
    if (revision === seen && offset < high) return this.#claim()
    this.#later(this.#fetching.abandoned, () => this.#takeOver(revision))
  }

  #later(wait: number, work: () => Promise<void>): void {
    const assignment = this.#assignment
    this.#rouse()
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      if (assignment.over) return
      work().catch((error: unknown) => (assignment.over ? undefined : this.#failed(error)))
    }, wait)
  }

  #rouse(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
