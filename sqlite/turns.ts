import { isBusy, type Database } from './driver.js'

/** How long a writer goes on without letting another process in, in milliseconds. */
const turn = 50
/** How long it then leaves the lock alone, and how often it looks whether the lock is free. */
const pause = 2
const look = 1

/**
 * Write transactions that take turns with those of other processes.
 *
 * SQLite has no queue for its write lock. One that waits looks again after up to 100 ms, and a writer with
 * batch after batch leaves 0.1 ms between two of them: the other one would starve into its timeout. So ours
 * looks every millisecond, and a writer that has gone on for 50 ms pauses for 2.
 */
export class Turns {
  private readonly sleeper = new Int32Array(new SharedArrayBuffer(4))
  private ended = performance.now()
  private since = this.ended

  constructor(
    private readonly database: Database,
    private readonly timeout: number,
  ) {
    database.exec('PRAGMA busy_timeout = 0')
  }

  /** Begins a transaction. @throws {Error} "database is locked" after the timeout */
  begin(): void {
    let now = performance.now()
    if (now - this.ended >= pause) {
      this.since = now
    } else if (now - this.since > turn) {
      this.sleep(pause)
      this.since = now = performance.now()
    }
    const deadline = now + this.timeout
    for (;;) {
      if (this.tryBegin(performance.now() > deadline)) return
      this.sleep(look)
      this.since = performance.now()
    }
  }

  /**
   * Whether a transaction could be begun. If not, another process is writing.
   *
   * @throws {Error} "database is locked", where it is the `last` attempt
   */
  tryBegin(last = false): boolean {
    try {
      this.database.exec('BEGIN IMMEDIATE')
      return true
    } catch (error) {
      if (last || !isBusy(error)) throw error
      return false
    }
  }

  commit(): void {
    this.database.exec('COMMIT')
    this.ended = performance.now()
  }

  rollback(): void {
    // Some errors, such as a full disk, have rolled back already.
    if (this.database.isTransaction) this.database.exec('ROLLBACK')
    this.ended = performance.now()
  }

  private sleep(milliseconds: number): void {
    Atomics.wait(this.sleeper, 0, 0, milliseconds)
  }
}
