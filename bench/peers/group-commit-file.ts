import { closeSync, fdatasync, openSync, writeSync } from 'node:fs'

/**
 * A log that is a file and nothing else: a line of JSON an event, one write and one fdatasync a group. Callers
 * gather while a sync runs. It keeps no revisions, refuses no duplicate, knows no stream: what remains is the price
 * of the disk and of the JSON.
 */
export class GroupCommitFile {
  readonly #file: number
  #lines = ''
  #gathered: (() => void)[] = []
  #syncing = false

  constructor(path: string) {
    this.#file = openSync(path, 'w')
  }

  /** Resolves when the events are on the disk. */
  append(events: readonly object[]): Promise<void> {
    for (const event of events) this.#lines += JSON.stringify(event) + '\n'
    return new Promise((resolve) => {
      this.#gathered.push(resolve)
      if (this.#syncing) return
      this.#syncing = true
      // Whoever appends in the same turn of the event loop belongs to the same group.
      setImmediate(() => this.#writeGroup())
    })
  }

  close(): void {
    closeSync(this.#file)
  }

  #writeGroup(): void {
    const group = this.#gathered
    if (group.length === 0) {
      this.#syncing = false
      return
    }
    const lines = this.#lines
    this.#gathered = []
    this.#lines = ''
    writeSync(this.#file, lines)
    fdatasync(this.#file, (error) => {
      if (error) throw error
      for (const resolve of group) resolve()
      // Those who were just answered append again before the next group is closed.
      setImmediate(() => this.#writeGroup())
    })
  }
}
