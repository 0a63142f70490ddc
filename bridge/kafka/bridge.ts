import type { Admin } from 'kafkajs'
import type { Metric } from 'prom-client'
import type { EventStore } from '../../commands/intake.js'
import { avroDecoder } from './avro.js'
import { atMost, Backoff, pause } from './backoff.js'
import { clientsOf, type Clients } from './client.js'
import { explained, KafkaError, rootOf } from './errors.js'
import { BridgeFigures } from './figures.js'
import { GroupReader, type GroupTimes } from './group.js'
import { isMember } from './membership.js'
import { outputs } from './outputs.js'
import { publish } from './publisher.js'
import { Publishing } from './publishing.js'
import { reachKafka, untilOneExists, type Reached } from './reach.js'
import type { BridgeReport } from './reports.js'
import { outputTopicsOf, type KafkaSettings } from './settings.js'
import { Troubles } from './troubles.js'

export interface BridgeOptions {
  readonly eventStore: EventStore
  readonly settings: KafkaSettings
  /** For records in Avro. */
  readonly schemaRegistry?: string
  readonly report?: (report: BridgeReport) => void
  /** How long to try to reach the brokers at start, in milliseconds. Default a minute. */
  readonly patience?: number
  /** How many records are appended at a time, at most. Default 1,000. */
  readonly recordsAPage?: number
  /** How long a partition may seem to end before what was read of it, in milliseconds. Default 10 s. */
  readonly shortPatience?: number
  readonly times?: Partial<GroupTimes>
}

/** Kafka's topics into the log, and the log's events out to Kafka. */
export interface Bridge {
  /** Resolves when it has joined its group for the first time. Rejects if it gives up before. */
  readonly started: Promise<void>
  /** Resolves when it was stopped; rejects if it gave up at start. Later on, it tries for ever. */
  readonly ended: Promise<void>
  /** To be registered where metrics are served. */
  readonly metrics: readonly Metric[]
  /** What does not work at the moment, as sentences. */
  troubles(): readonly string[]
  /** Finishes the pages in hand, says how far they go, and leaves the group. */
  stop(): Promise<void>
}

const usualPatience = 60_000
/** How long leaving may take, in milliseconds: then connections are cut. */
const farewell = 10_000
const usual: GroupTimes = {
  // Whoever dies is replaced after it. Three heartbeats have to fail before somebody who lives is taken for dead.
  session: 10_000,
  heartbeat: 3_000,
  fetch: 250,
  display: 2_000,
  abandoned: 60_000,
}

/** Starts the bridge. Any number of processes may run one for the same log: their group shares the partitions. */
export function startBridge(options: BridgeOptions): Bridge {
  const running = new RunningBridge(options)
  const { started, ended } = running
  // Whoever waits for one of them need not wait for the other.
  started.catch(() => {})
  ended.catch(() => {})
  return {
    started,
    ended,
    metrics: running.figures.metrics,
    troubles: () => running.sentences,
    stop: () => running.stop(),
  }
}

class RunningBridge {
  readonly #options: BridgeOptions
  readonly #report: (report: BridgeReport) => void
  readonly #stopping = new AbortController()
  #hasJoined = false
  readonly figures = new BridgeFigures()
  readonly troubles: Troubles
  readonly started: Promise<void>
  readonly ended: Promise<void>

  constructor(options: BridgeOptions) {
    this.#options = options
    this.#report = options.report ?? (() => {})
    this.troubles = new Troubles(this.#report, this.figures)
    let joined = () => {}
    const hasJoined = new Promise<void>((resolve) => (joined = resolve))
    this.ended = this.#run(joined)
    this.started = Promise.race([hasJoined, this.ended])
  }

  get sentences(): readonly string[] {
    const { sentences } = this.troubles
    return this.#hasJoined || sentences.length > 0 ? sentences : ['bridge: it is starting']
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.ended.catch(() => {})
  }

  async #run(joined: () => void): Promise<void> {
    const { signal } = this.#stopping
    const { patience = usualPatience } = this.#options
    const until = performance.now() + patience
    const backoff = new Backoff(500, 15_000)
    while (!signal.aborted) {
      try {
        await this.#session(() => {
          this.#hasJoined = true
          this.troubles.over('bridge')
          backoff.reset()
          joined()
        })
      } catch (error) {
        if (signal.aborted) break
        const wait = backoff.next()
        const givesUp = error instanceof KafkaError || performance.now() + wait > until
        if (!this.#hasJoined && givesUp) throw error
        this.troubles.met('bridge', rootOf(error), wait)
        await pause(wait, signal)
      }
    }
    this.#report({ type: 'stopped' })
  }

  /** From reaching the brokers until the bridge is told to stop; throws if the client gives up before. */
  async #session(joined: () => void): Promise<void> {
    const clients = clientsOf(this.#options.settings, this.#report)
    try {
      await this.#sessionOver(clients, joined)
    } finally {
      clients.end()
    }
  }

  async #sessionOver(clients: Clients, joined: () => void): Promise<void> {
    const { settings, patience = usualPatience } = this.#options
    const { signal } = this.#stopping
    const over = new AbortController()
    const reaching = { settings, troubles: this.troubles, report: this.#report, patience }
    const reached = await unlessAborted(reachKafka(clients.client(), reaching, signal), signal)
    const { admin, absent } = reached
    const publishing = new Publishing((member, ending) => this.#publish(clients, admin, member, ending))
    const joining = this.#join(clients, reached, (leader, member) => {
      joined()
      if (leader) publishing.start(member)
      else void publishing.stop()
    })
    try {
      const group = await unlessAborted(joining, signal)
      // A group that reads more topics has to be joined anew.
      const appeared = untilOneExists(admin, absent, over.signal).then(() => undefined)
      const crashed = await unlessAborted(Promise.race([group.crashed, appeared]), signal)
      if (crashed) throw explained(crashed, settings)
    } finally {
      over.abort()
      const left = joining.then((group) => group.stop())
      const ended = Promise.allSettled([left, publishing.end()]).then(() => admin.disconnect())
      await atMost(
        farewell,
        ended.catch(() => {}),
      )
    }
  }

  #join(
    clients: Clients,
    { admin, inputs }: Reached,
    onLeader: (leader: boolean, member: string) => void,
  ): Promise<GroupReader> {
    const { eventStore, settings, schemaRegistry, times } = this.#options
    const { recordsAPage = 1_000, shortPatience = 10_000 } = this.#options
    return GroupReader.join({
      ...{
        eventStore,
        settings,
        inputs,
        admin,
        recordsAPage,
        shortPatience,
        group: settings.group,
        onLeader,
      },
      kafka: clients.client(),
      ...{ figures: this.figures, troubles: this.troubles, report: this.#report },
      avro: avroDecoder(schemaRegistry),
      times: { ...usual, ...times },
    })
  }

  async #publish(clients: Clients, admin: Admin, member: string, signal: AbortSignal): Promise<void> {
    const { eventStore, settings, times } = this.#options
    const { group } = settings
    await Promise.all(
      outputTopicsOf(settings).map(({ output, topic }) =>
        publish(
          {
            ...{ eventStore, topic, output: outputs[output], group, kafka: clients.client() },
            ...{ figures: this.figures, troubles: this.troubles, report: this.#report },
            abandoned: times?.abandoned ?? usual.abandoned,
            isMember: (id) => isMember(admin, group, id),
          },
          member,
          signal,
        ),
      ),
    )
  }
}

/** The work's result; throws as soon as `signal` aborts, whatever comes of the work. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let listener = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    listener = () => reject(signal.reason as Error)
    signal.addEventListener('abort', listener, { once: true })
  })
  try {
    signal.throwIfAborted()
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', listener)
    work.catch(() => {})
  }
}
