import { randomUUID } from 'node:crypto'
import { movedOn, partitionOf } from '../../read-store/fencing.js'
import type { Build, Collections, Query, Row, RowPage, Snapshot, UnitOfWork } from '../../read-store/port.js'
import { MemoryCollection } from './memory-collection.js'

export interface MemoryBuildOptions {
  /** Collections of which nothing is kept. */
  readonly without?: readonly string[]
  /** What it is a copy of, if it is one. */
  readonly original?: MemoryBuild
}

/**
 * A build that is kept in memory and gone with the process: for the documents of few keys, folded to be looked at once.
 * It does what the read store's port says of builds of one partition, and holds whatever is written to it.
 */
export class MemoryBuild implements Build {
  readonly projection: string
  readonly version: number
  readonly build: string
  readonly partitions = 1
  #checkpoint: number
  /** The name of the last unit of work. */
  #unit: string
  readonly #without: ReadonlySet<string>
  readonly #collections: ReadonlyMap<string, MemoryCollection>

  constructor(
    projection: string,
    version: number,
    collections: Collections,
    { without = [], original }: MemoryBuildOptions = {},
  ) {
    this.projection = projection
    this.version = version
    this.build = original?.build ?? randomUUID()
    this.#checkpoint = original ? original.#checkpoint : 0
    this.#unit = original ? original.#unit : ''
    this.#without = new Set(without)
    this.#collections = new Map(
      original
        ? [...original.#collections].map(([name, collection]) => [name, collection.copy()])
        : Object.entries(collections).map(([name, spec]) => [name, new MemoryCollection(name, spec)]),
    )
  }

  async checkpoint(partition?: number): Promise<number> {
    partitionOf(this, partition)
    return this.#checkpoint
  }

  async lastUnit(partition: number): Promise<string> {
    partitionOf(this, partition)
    return this.#unit
  }

  async getMany(collection: string, ids: readonly string[]): Promise<Row[]> {
    return this.#collection(collection).getMany(ids)
  }

  async page(collection: string, query: Query): Promise<RowPage> {
    return this.#collection(collection).page(query)
  }

  async count(collection: string): Promise<number> {
    return this.#collection(collection).size
  }

  async commit(unit: UnitOfWork): Promise<void> {
    const { partition, expected, checkpoint, after = this.#unit, name = randomUUID(), writes } = unit
    partitionOf(this, partition)
    if (expected !== this.#checkpoint || after !== this.#unit)
      throw movedOn(this, 0, this.#checkpoint, expected)
    for (const [name, written] of Object.entries(writes)) {
      const collection = this.#collection(name)
      if (this.#without.has(name)) continue
      for (const { id, document } of written) collection.write(id, document)
    }
    this.#checkpoint = checkpoint
    this.#unit = name
  }

  async snapshot(): Promise<Snapshot> {
    const copy = new MemoryBuild(this.projection, this.version, {}, { original: this })
    return Object.assign(copy, { close: async () => {} })
  }

  #collection(name: string): MemoryCollection {
    const collection = this.#collections.get(name)
    if (!collection) throw new TypeError(`${this.projection} has no collection ${name}`)
    return collection
  }
}
