/** What can go wrong in a database file. `code` is stable; docs/errors.md lists them all. */
export abstract class DatabaseError extends Error {
  abstract readonly code: string
  override get name(): string {
    return this.constructor.name
  }
}

/** Another process kept the file locked. Nothing was written; the batch can be submitted again. */
export class DatabaseBusy extends DatabaseError {
  readonly code = 'database-busy'
}

/** SQLite refused. Nothing of the batch was written. The message is SQLite's. */
export class DatabaseFailed extends DatabaseError {
  readonly code = 'database-failed'
  constructor(
    message: string,
    /** SQLite's extended result code where the driver tells, such as 1555 for a primary key that exists. */
    readonly sqliteCode?: number,
  ) {
    super(message)
  }
}

/** The file is something else, or damaged. */
export class NotADatabase extends DatabaseError {
  readonly code = 'not-a-database'
  constructor(path: string, options?: ErrorOptions) {
    super(
      `${path} is not a database, or is damaged: restore it from a backup or choose another data folder; ` +
        'files of read models may also be removed, and are built again',
      options,
    )
  }
}

/** The file or its folder is not this user's to read and write. */
export class CannotOpen extends DatabaseError {
  readonly code = 'cannot-open'
  constructor(path: string, options?: ErrorOptions) {
    super(
      `${path} cannot be opened: see whether it is a file, and whether this user may read and write it and its folder`,
      options,
    )
  }
}

/** The disk is full. Nothing of the batch was written; it can be submitted again when there is room. */
export class DiskFull extends DatabaseError {
  readonly code = 'disk-full'
  constructor(path: string, options?: ErrorOptions) {
    super(
      `the disk is full: ${path} cannot grow. Nothing that was acknowledged is lost: make room, then go on`,
      options,
    )
  }
}

/** The writer is closed, or its thread has died: it takes no more batches. What was in flight may be written. */
export class WriterStopped extends DatabaseError {
  readonly code = 'writer-stopped'
}
