import { Counter, Gauge, type Metric } from 'prom-client'
import type { LostRecords } from '../../domain/source.js'

/** What became of a record that came in. */
export type Outcome = 'appended' | 'duplicate' | 'ignored' | 'rejected'

/** What the bridge counts about itself, for Prometheus. */
export class BridgeFigures {
  readonly #records = new Counter({
    name: 'tidemark_kafka_records_total',
    help: 'Records read from Kafka, by what became of them.',
    labelNames: ['topic', 'outcome'],
    registers: [],
  })
  readonly #lag = new Gauge({
    name: 'tidemark_kafka_lag',
    help: 'Records of a partition that are still to be read. Only partitions that this process reads.',
    labelNames: ['topic', 'partition'],
    registers: [],
  })
  readonly #lost = new Counter({
    name: 'tidemark_kafka_losses_total',
    help: 'How often records were gone before they had been read.',
    labelNames: ['topic', 'reason'],
    registers: [],
  })
  readonly #fenced = new Counter({
    name: 'tidemark_kafka_fenced_total',
    help: 'How often somebody else took over a partition or an output that this process had.',
    labelNames: ['what'],
    registers: [],
  })
  readonly #published = new Counter({
    name: 'tidemark_kafka_published_total',
    help: 'Events published to Kafka.',
    labelNames: ['topic'],
    registers: [],
  })
  readonly #position = new Gauge({
    name: 'tidemark_kafka_published_position',
    help: 'Up to which position of the log events are published. Only outputs that this process publishes.',
    labelNames: ['topic'],
    registers: [],
  })
  readonly #errors = new Counter({
    name: 'tidemark_kafka_errors_total',
    help: 'What did not work at first and was tried again.',
    labelNames: ['what'],
    registers: [],
  })
  readonly #lastError = new Gauge({
    name: 'tidemark_kafka_last_error_timestamp_seconds',
    help: 'When something last did not work. What it was is in the log, and in /health/ready while it lasts.',
    labelNames: ['what'],
    registers: [],
  })
  readonly #troubles = new Gauge({
    name: 'tidemark_kafka_troubles',
    help: 'How many parts of the bridge do not work at the moment.',
    registers: [],
  })

  /** To be registered where metrics are served. */
  get metrics(): readonly Metric[] {
    return [
      this.#records,
      this.#lag,
      this.#lost,
      this.#fenced,
      this.#published,
      this.#position,
      this.#errors,
      this.#lastError,
      this.#troubles,
    ]
  }

  records(topic: string, outcome: Outcome, count: number): void {
    if (count > 0) this.#records.inc({ topic, outcome }, count)
  }

  lag(topic: string, partition: number, records: number): void {
    this.#lag.set({ topic, partition }, Math.max(0, records))
  }

  /** The partition is read by somebody else now, or by nobody. */
  noLag(topic: string, partition: number): void {
    this.#lag.remove({ topic, partition })
  }

  lost(topic: string, { reason }: LostRecords): void {
    this.#lost.inc({ topic, reason })
  }

  fenced(what: string): void {
    this.#fenced.inc({ what })
  }

  published(topic: string, count: number): void {
    this.#published.inc({ topic }, count)
  }

  publishedTo(topic: string, position: number): void {
    this.#position.set({ topic }, position)
  }

  publishesNot(topic: string): void {
    this.#position.remove({ topic })
  }

  error(what: string): void {
    this.#errors.inc({ what })
    this.#lastError.set({ what }, Date.now() / 1000)
  }

  troubles(count: number): void {
    this.#troubles.set(count)
  }
}
