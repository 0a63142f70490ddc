import type { NewEvent, RecordedEvent } from './event.js'

/**
 * Turns the data of one version of an event into that of the next. Pure, and for ever: events that are stored in the old
 * version are read through it as long as the log exists.
 */
export type Upcast = (data: object) => object

/** By type of event: the step from version 1 to 2, from 2 to 3, and so on. The current version is the last one's. */
export type Upcasters = Readonly<Record<string, readonly Upcast[]>>

/** One step, with the shapes that it is between. */
export function step<From extends object, To extends object>(upcast: (data: From) => To): Upcast {
  return (data) => upcast(data as From)
}

/** The log holds an event of a version that this program does not know: a newer one has written it. */
export class UnknownSchemaVersion extends Error {
  readonly code = 'unknown-schema-version'
  constructor({ id, type, position }: RecordedEvent, version: unknown, current: number) {
    super(
      `${type} ${id} at position ${position} has schema version ${JSON.stringify(version)}, and this program knows ` +
        `versions up to ${current}: a newer program has written it, so run that one`,
    )
  }
}

/**
 * The versions of all types of events. An event says its version in its metadata, unless that is the first: so nothing
 * is written until a type has a second one, and logs from before that are as they should be.
 */
export class SchemaVersions {
  readonly #steps: ReadonlyMap<string, readonly Upcast[]>

  constructor(upcasters: Upcasters) {
    this.#steps = new Map(Object.entries(upcasters).filter(([, steps]) => steps.length > 0))
  }

  /**
   * The event as the current version has it. The same object if it is that already, which costs one look at its type.
   *
   * @throws {UnknownSchemaVersion}
   */
  current(event: RecordedEvent): RecordedEvent {
    const { schemaVersion } = event.metadata
    const steps = this.#steps.get(event.type)
    if (steps === undefined && schemaVersion === undefined) return event
    return bringUp(event, schemaVersion ?? 1, steps ?? [])
  }

  /**
   * A new event with its version on it, if that is not the first: the current one, unless it says another. The same object
   * if there is nothing to add.
   */
  stamped(event: NewEvent): NewEvent {
    const steps = this.#steps.get(event.type)
    if (steps === undefined || event.metadata.schemaVersion !== undefined) return event
    return { ...event, metadata: { ...event.metadata, schemaVersion: steps.length + 1 } }
  }
}

function bringUp(event: RecordedEvent, from: number, steps: readonly Upcast[]): RecordedEvent {
  const schemaVersion = steps.length + 1
  if (!Number.isInteger(from) || from < 1 || from > schemaVersion)
    throw new UnknownSchemaVersion(event, from, schemaVersion)
  if (from === schemaVersion) return event
  const data = steps.slice(from - 1).reduce((old, upcast) => upcast(old), event.data)
  return { ...event, data, metadata: { ...event.metadata, schemaVersion } }
}
