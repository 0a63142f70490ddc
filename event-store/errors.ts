/** What can go wrong in an event store. `code` is stable; docs/errors.md lists them all. */
export abstract class EventStoreError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** Someone else wrote to the stream first. Load it again, decide again. */
export class RevisionConflict extends EventStoreError {
  readonly code = 'revision-conflict'
  constructor(
    readonly stream: string,
    readonly expected: number | 'none',
    readonly actual: number | 'none',
  ) {
    super(`stream ${stream} is at revision ${actual}, not at ${expected} as expected`)
  }
}

/** The log cannot be used as it stands. The message says why and what to do. */
export class LogUnusable extends EventStoreError {
  readonly code = 'log-unusable'
}

/** An event that no log takes: its id is not a UUID, its stream has no proper name, or it is too large. */
export class InvalidEvent extends EventStoreError {
  readonly code = 'invalid-event'
}

/**
 * The server that keeps the log does not answer, and was asked for as long as it makes sense. What was being
 * appended may be in the log or not: append it again under the same ids.
 */
export class LogUnreachable extends EventStoreError {
  readonly code = 'log-unreachable'
}

/** The server that keeps the log does not let this user do it. */
export class LogAccessDenied extends EventStoreError {
  readonly code = 'log-access-denied'
}
