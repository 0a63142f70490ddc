import { openDatabase } from './driver.js'

/**
 * Takes a lock that only one process holds and that ends with it, however it ends. Undefined if it is taken.
 *
 * @param path a file of its own for the lock
 */
export function tryProcessLock(path: string): { release: () => void } | undefined {
  const database = openDatabase(path, { synchronous: 'OFF' })
  database.exec('PRAGMA busy_timeout = 0')
  try {
    database.exec('BEGIN IMMEDIATE')
    return { release: () => database.close() }
  } catch {
    database.close()
    return undefined
  }
}
