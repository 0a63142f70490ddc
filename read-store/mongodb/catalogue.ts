import type { Collection, Db, UUID } from 'mongodb'
import type { LeaseDocument } from './leases.js'
import { indexedPath } from './document.js'
import type { Collections } from '../port.js'

/** What is kept about builds, beside their documents. Everything of ours begins with `tidemark.` or `documents.`. */
export interface Catalogue {
  readonly builds: Collection<BuildDocument>
  readonly checkpoints: Collection<CheckpointDocument>
  readonly runners: Collection<RunnerDocument>
  readonly snapshots: Collection<SnapshotDocument>
  readonly scratches: Collection<ScratchDocument>
  /** Stores that are open and have something under way. */
  readonly owners: Collection<LeaseDocument>
  readonly leases: Collection<LeaseDocument>
}

/** A projection has one live build at most, which a unique index sees to. Removing the document fences readers. */
export interface BuildDocument {
  readonly _id: string
  readonly projection: string
  readonly version: number
  readonly partitions: number
  readonly state: 'building' | 'live'
  /** The store that made it. */
  readonly owner: string
  readonly created: Date
  /** In arrays: names may hold characters that keys cannot. */
  readonly collections: readonly {
    readonly name: string
    readonly documents: string
    readonly indexes: readonly { readonly name: string; readonly fields: readonly string[] }[]
  }[]
  /** Which call promoted it: one whose answer was lost finds out. */
  readonly promotion?: string
}

/** One for each partition of a build. Units of work of different partitions do not meet here. */
export interface CheckpointDocument {
  readonly _id: string
  readonly build: string
  readonly checkpoint: number
  /** The unit of work that moved it here: one whose answer was lost finds out. */
  readonly unit?: string
}

/** Which session writes a partition: the transaction of a dead runner is ended by its successor. */
export interface RunnerDocument {
  readonly _id: string
  readonly build: string
  readonly session: UUID
}

/** A build that somebody reads a snapshot of. Its collections stay until then. */
export interface SnapshotDocument {
  readonly _id: string
  readonly build: string
  readonly owner: string
}

/** A database made for a while. */
export interface ScratchDocument {
  readonly _id: string
  readonly owner: string
}

export function catalogueOf(database: Db): Catalogue {
  return {
    builds: database.collection('tidemark.builds'),
    checkpoints: database.collection('tidemark.checkpoints'),
    runners: database.collection('tidemark.runners'),
    snapshots: database.collection('tidemark.snapshots'),
    scratches: database.collection('tidemark.scratches'),
    owners: database.collection('tidemark.owners'),
    leases: database.collection('tidemark.leases'),
  }
}

/** What never changes about a build. */
export interface BuildEntry {
  readonly projection: string
  readonly version: number
  readonly build: string
  readonly partitions: number
  readonly collections: ReadonlyMap<string, StoredCollection>
}

/** One collection of one build, and its declared indexes. */
export interface StoredCollection {
  /** Its name in the database. */
  readonly documents: string
  readonly indexes: ReadonlyMap<string, readonly string[]>
  /** Every field that an index has, once. */
  readonly fields: readonly string[]
}

export function entryOf({ _id, projection, version, partitions, collections }: BuildDocument): BuildEntry {
  const stored = collections.map(({ name, documents, indexes }): [string, StoredCollection] => [
    name,
    {
      documents,
      indexes: new Map(indexes.map((index) => [index.name, index.fields])),
      fields: [...new Set(indexes.flatMap(({ fields }) => fields))],
    },
  ])
  return { projection, version, build: _id, partitions, collections: new Map(stored) }
}

/**
 * The collections of a new build, as the catalogue has them.
 *
 * @throws {TypeError} an index that MongoDB cannot have
 */
export function declared(
  projection: string,
  build: string,
  collections: Collections,
): BuildDocument['collections'] {
  return Object.entries(collections).map(([name, spec]) => {
    const indexes = Object.entries(spec.indexes ?? {}).map(([index, fields]) => {
      if (fields.length === 0) throw new TypeError(`index ${index} of collection ${name} has no field`)
      fields.forEach(indexedPath)
      return { name: index, fields }
    })
    return { name, documents: `documents.${projection}.${name}.${build}`, indexes }
  })
}

/** The build that a collection of the database belongs to, if it belongs to one. */
export function buildOf(documents: string): string | undefined {
  return /^documents\..*\.([0-9a-f-]{36})$/s.exec(documents)?.[1]
}

export function checkpointId(build: string, partition: number): string {
  return `${build}/${partition}`
}

export function checkpointIds({ build, partitions }: Pick<BuildEntry, 'build' | 'partitions'>): string[] {
  return Array.from({ length: partitions }, (_, partition) => checkpointId(build, partition))
}
