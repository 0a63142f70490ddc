import { defaultBusyTimeout, isBusy, isFull, type OpenOptions } from './driver.js'
import { DatabaseBusy, DatabaseFailed, DiskFull, type DatabaseError } from './errors.js'

/** What went wrong with a batch, as it can be sent from one thread to another. */
export interface Failure {
  readonly message: string
  readonly busy: boolean
  readonly full: boolean
  readonly sqliteCode?: number
}

export function failureOf(error: unknown): Failure {
  const { message, errcode } = error as { message: string; errcode?: number }
  return {
    message,
    busy: isBusy(error),
    full: isFull(error),
    ...(errcode !== undefined && { sqliteCode: errcode }),
  }
}

/** The failure in words that name the file. */
export function databaseError(
  { message, busy, full, sqliteCode }: Failure,
  path: string,
  { busyTimeout = defaultBusyTimeout }: OpenOptions,
): DatabaseError {
  if (full) return new DiskFull(path)
  return busy
    ? new DatabaseBusy(`another process kept ${path} locked for more than ${busyTimeout} ms`)
    : new DatabaseFailed(`${message} (${path})`, sqliteCode)
}
