/** What can go wrong in a read store. `code` is stable; docs/errors.md lists them all. */
export abstract class ReadStoreError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** Another runner moved the checkpoint, or replaced the build. Stop, or load the checkpoint again. */
export class Fenced extends ReadStoreError {
  readonly code = 'fenced'
}

/** A page cursor that this store did not make for this query. */
export class InvalidCursor extends ReadStoreError {
  readonly code = 'invalid-cursor'
  constructor() {
    super('the cursor is not one that this list gave out: start again without it')
  }
}

/** The text that should say where the server is does not. It is never repeated: it may hold a password. */
export class InvalidReadStoreUrl extends ReadStoreError {
  readonly code = 'read-store-url-invalid'
}

/** The server does not answer. What was being written may be written or not: load the checkpoint again. */
export class ReadStoreUnavailable extends ReadStoreError {
  readonly code = 'read-store-unavailable'
}

/** The server does not take the credentials, or the user may not do what is needed. */
export class ReadStoreAccessDenied extends ReadStoreError {
  readonly code = 'read-store-access-denied'
}

/** A MongoDB without transactions: a single server that is no replica set, or one that was not initiated. */
export class NotAReplicaSet extends ReadStoreError {
  readonly code = 'not-a-replica-set'
}

/** An index of a live build is not the declared one. The message says which and what to do. */
export class IndexMismatch extends ReadStoreError {
  readonly code = 'index-mismatch'
}

/** A snapshot cannot be read any longer. Take another one. */
export class SnapshotLost extends ReadStoreError {
  readonly code = 'snapshot-lost'
}
