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
