import {
  MongoBulkWriteError,
  MongoError,
  MongoNetworkError,
  MongoServerError,
  MongoServerSelectionError,
} from 'mongodb'
import { ReadStoreAccessDenied, ReadStoreError, ReadStoreUnavailable } from '../errors.js'

/**
 * What the driver threw, as the error of ours that it is. Messages name hosts, never a user or a password.
 *
 * @param server the hosts, as messages name them
 */
export function troubleOf(thrown: unknown, server: string): unknown {
  const error = unwrapped(thrown)
  if (!(error instanceof MongoError) || error instanceof ReadStoreError) return error
  if (isRefused(error)) return refusal(server, error)
  if (!isPassing(error) && !isClosed(error)) return error
  const what = isConflict(error) ? 'is kept busy by other writers' : 'does not answer'
  return new ReadStoreUnavailable(`MongoDB at ${server} ${what}: ${error.message}`, { cause: error })
}

/** Whether trying again may help: the server was away, or another transaction was in the way. */
export function isPassing(thrown: unknown): boolean {
  const error = unwrapped(thrown)
  if (!(error instanceof MongoError)) return false
  if (error instanceof MongoNetworkError || error instanceof MongoServerSelectionError) return true
  return passingLabels.some((label) => error.hasErrorLabel(label)) || isOneOf(error, passing)
}

/** Another transaction holds one of the documents. */
export function isConflict(error: unknown): boolean {
  return isOneOf(error, [codes.WriteConflict])
}

export function isDuplicate(error: unknown): boolean {
  return isOneOf(error, [codes.DuplicateKey])
}

/** The server cannot look back far enough. */
export function isTooOld(error: unknown): boolean {
  return isOneOf(error, [codes.SnapshotTooOld, codes.SnapshotUnavailable])
}

/** A collection to be made is there, or one to be dropped or looked at is not. */
export function isDone(error: unknown): boolean {
  return isOneOf(error, [codes.NamespaceExists, codes.NamespaceNotFound])
}

export function isUnknownCommand(error: unknown): boolean {
  return isOneOf(error, [codes.CommandNotFound, codes.CommandNotSupported])
}

/** The credentials are wrong, or the user may not do this. */
function isRefused(error: unknown): boolean {
  return isOneOf(error, [codes.AuthenticationFailed, codes.Unauthorized, codes.AtlasError])
}

/** The server's own words are left out: they hold the command that was refused, with all that is in it. */
export function refusal(server: string, error: MongoError): ReadStoreAccessDenied {
  const message = isOneOf(error, [codes.Unauthorized])
    ? `MongoDB at ${server} does not let this user do what is needed: give it the roles that docs/operations.md names`
    : `MongoDB at ${server} does not take the credentials: look at user, password and authSource in the URL`
  return new ReadStoreAccessDenied(message)
}

const codes = {
  Unauthorized: 13,
  AuthenticationFailed: 18,
  NamespaceNotFound: 26,
  NamespaceExists: 48,
  CommandNotFound: 59,
  WriteConflict: 112,
  CommandNotSupported: 115,
  SnapshotTooOld: 239,
  SnapshotUnavailable: 246,
  AtlasError: 8000,
  DuplicateKey: 11000,
}

/** What a server says that shuts down, steps down or is busy, or whose transaction was ended from elsewhere. */
const passing: readonly number[] = [
  ...[codes.WriteConflict, codes.SnapshotUnavailable],
  // LockTimeout, MaxTimeMSExpired, WriteConcernTimeout, NoSuchTransaction, ExceededTimeLimit, Interrupted
  ...[24, 50, 64, 251, 262, 11601],
  // HostUnreachable, HostNotFound, NetworkTimeout, ShutdownInProgress, PrimarySteppedDown, SocketException
  ...[6, 7, 89, 91, 189, 9001],
  // NotWritablePrimary, InterruptedAtShutdown, InterruptedDueToReplStateChange, NotPrimary…, ReadConcern…Yet
  ...[10107, 11600, 11602, 13435, 13436, 134],
]

const passingLabels = [
  'TransientTransactionError',
  'UnknownTransactionCommitResult',
  'RetryableWriteError',
  'RetryableError',
]

function isOneOf(error: unknown, some: readonly number[]): boolean {
  return error instanceof MongoServerError && typeof error.code === 'number' && some.includes(error.code)
}

/** A bulk write that never got to a server throws what stopped it as the answer of the server that there was none of. */
function unwrapped(error: unknown): unknown {
  if (!(error instanceof MongoBulkWriteError)) return error
  const reason: unknown = error.errorResponse
  return reason instanceof MongoError && !(reason instanceof MongoServerError) ? reason : error
}

function isClosed(error: MongoError): boolean {
  return ['MongoClientClosedError', 'MongoTopologyClosedError', 'MongoNotConnectedError'].includes(error.name)
}
