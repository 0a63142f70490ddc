import {
  MongoClient,
  MongoServerSelectionError,
  type MongoClientOptions,
  type TopologyDescription,
} from 'mongodb'
import { setTimeout as pause } from 'node:timers/promises'
import { InvalidReadStoreUrl, NotAReplicaSet, ReadStoreUnavailable, type ReadStoreError } from '../errors.js'
import { troubleOf } from './trouble.js'

/** What the read store has to say to whoever operates it. */
export type MongoDbReport =
  /** At start: the server does not answer. */
  | { readonly type: 'waiting'; readonly reason: string; readonly retryInMilliseconds: number }
  /** At start: the clocks are that far apart, in milliseconds; positive if the server's is ahead. */
  | { readonly type: 'clock-skew'; readonly skew: number; readonly reason: string }
  /** A write was interrupted, or another one was in its way, and is tried again. */
  | { readonly type: 'retrying'; readonly reason: string; readonly retryInMilliseconds: number }
  /** A declared index was not there any more. */
  | { readonly type: 'index-created'; readonly index: string }

/** How long to wait for a server that does not answer, in milliseconds. */
export interface MongoDbPatience {
  /** At start. Default 60,000. */
  readonly opening: number
  /** For a write to succeed that is interrupted, however often it is tried. Default 20,000. */
  readonly write: number
}

export interface MongoDbOptions {
  /** `mongodb://…`, with credentials if there are any. Never repeated in a message. */
  readonly url: string
  /** A deployment of its own on the same server: part of the database's name. */
  readonly namespace?: string
  readonly report?: (report: MongoDbReport) => void
  readonly patience?: Partial<MongoDbPatience>
}

export interface Connection {
  readonly client: MongoClient
  /** The name of the database: from the URL's path, else `tidemark`, and the namespace. */
  readonly database: string
  /** The hosts, for messages. */
  readonly server: string
}

/** So far apart clocks may be, in milliseconds. */
const tolerableSkew = 5_000

/**
 * Connects, and looks whether the server can do what is needed. One that does not answer is tried again for a while.
 *
 * @throws {InvalidReadStoreUrl | ReadStoreAccessDenied | ReadStoreUnavailable | NotAReplicaSet}
 */
export async function connect(options: MongoDbOptions): Promise<Connection> {
  const { report = () => {}, patience: { opening: patience = 60_000 } = {} } = options
  const connection = connectionOf(options)
  const deadline = performance.now() + patience
  for (let wait = 500; ; wait = Math.min(wait * 2, 8_000)) {
    try {
      const skew = await checkServer(connection)
      if (Math.abs(skew) > tolerableSkew)
        report({ type: 'clock-skew', skew, reason: skewed(connection, skew) })
      return connection
    } catch (error) {
      const reason = reasonOf(connection, error)
      const left = deadline - performance.now()
      if (!(reason instanceof ReadStoreUnavailable) || left <= 0) {
        await connection.client.close()
        throw left <= 0 && reason instanceof ReadStoreUnavailable ? givenUp(reason, patience) : reason
      }
      const retryInMilliseconds = Math.ceil(Math.min(wait, left))
      report({ type: 'waiting', reason: reason.message, retryInMilliseconds })
      await pause(retryInMilliseconds)
    }
  }
}

/**
 * Looks at the URL, and connects to nobody.
 *
 * @throws {InvalidReadStoreUrl}
 */
export function checkMongoDbUrl(options: MongoDbOptions): void {
  connectionOf(options)
}

/** The last at is the one before the hosts, unless somebody left one in his password as it is. */
const shape = /^mongodb(?:\+srv)?:\/\/(?:[^@/?]*@)?[^@/?]+(?:\/(?<database>[^@?]*))?(?:\?(?<options>.*))?$/s

function connectionOf({ url, namespace }: MongoDbOptions): Connection {
  const parts = shape.exec(url)
  if (!parts) throw invalid('it is not of the form mongodb://user:password@host:27017/database', escapes)
  const { database, options } = parts.groups ?? {}
  const name = (decoded(database) || 'tidemark') + (namespace === undefined ? '' : `-${namespace}`)
  if (!/^[^/\\. "$*<>:|?\0]{1,63}$/.test(name))
    throw invalid(
      `its database cannot be named ${name}: MongoDB takes up to 63 characters, and none of / \\ . " $ * < > : | ?`,
    )
  try {
    const client = new MongoClient(url, clientOptions(new URLSearchParams(options)))
    const { hosts, srvHost } = client.options
    return { client, database: name, server: srvHost ?? hosts.map(String).join(',') }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw invalid(withoutSecrets(reason, url), url.includes('@') ? escapes : '')
  }
}

/**
 * What we rely on is set here and nowhere else; for how long to wait, the URL may know better. A command that takes
 * longer than `socketTimeoutMS` hangs: its connection is given up.
 */
function clientOptions(given: URLSearchParams): MongoClientOptions {
  const set = new Set([...given.keys()].map((name) => name.toLowerCase()))
  const times = { serverSelectionTimeoutMS: 5_000, connectTimeoutMS: 10_000, socketTimeoutMS: 60_000 }
  const ours = Object.entries(times).filter(([name]) => !set.has(name.toLowerCase()))
  return {
    ...Object.fromEntries(ours),
    appName: 'tidemark',
    readConcern: { level: 'majority' },
    writeConcern: { w: 'majority' },
    readPreference: 'primary',
    retryReads: true,
    retryWrites: true,
  }
}

/** @returns how far the server's clock is ahead of ours, in milliseconds */
async function checkServer({ client, server }: Connection): Promise<number> {
  await client.connect()
  const asked = Date.now()
  const hello = await client.db('admin').command({ hello: 1 })
  const answered = Date.now()
  const { localTime } = hello as { localTime?: Date }
  if (typeof hello.setName === 'string' || hello.msg === 'isdbgrid')
    return localTime ? localTime.getTime() - (asked + answered) / 2 : 0
  throw new NotAReplicaSet(
    `MongoDB at ${server} is a single server without transactions. ` +
      'Start it with --replSet rs0 and run rs.initiate() once: a replica set of one member will do',
  )
}

function reasonOf(connection: Connection, error: unknown): unknown {
  if (error instanceof MongoServerSelectionError) return unreachable(connection, error)
  // The names behind a mongodb+srv URL are looked up before the driver has errors of its own.
  if (error instanceof Error && 'syscall' in error)
    return new ReadStoreUnavailable(`MongoDB is not found: ${error.message}`, { cause: error })
  return troubleOf(error, connection.server)
}

/** Why no server was found, from what the driver saw of each. */
function unreachable({ server, client }: Connection, error: MongoServerSelectionError): ReadStoreError {
  const { servers } = error.reason as TopologyDescription
  const seen = [...servers.values()]
  if (seen.length === 0)
    return new NotAReplicaSet(
      `no server at ${server} is a member of the replica set ${client.options.replicaSet}: ` +
        'it is a single server, or its set has another name than the URL says',
    )
  const ghost = seen.some(({ type }) => type === 'RSGhost')
  const reasons = seen.map(({ address, type, error }) => `${address}: ${error?.message ?? type}`)
  const hint = ghost ? '. The replica set has not been initiated: run rs.initiate() once' : ''
  return new ReadStoreUnavailable(`MongoDB does not answer (${reasons.join('; ')})${hint}`, { cause: error })
}

function skewed({ server }: Connection, skew: number): string {
  const seconds = Math.round(Math.abs(skew) / 1000)
  return (
    `the clock of MongoDB at ${server} is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} the one here: ` +
    'no figure depends on it, but recorded times and the waiting for sessions do. Keep both by NTP'
  )
}

function givenUp({ message, cause }: ReadStoreUnavailable, patience: number): ReadStoreUnavailable {
  return new ReadStoreUnavailable(
    `${message}. Given up after ${Math.round(patience / 1000)} s: is it running, and is the URL right? ` +
      'The members of a replica set must be reachable under the names that rs.conf() has',
    { cause },
  )
}

const escapes = '. In user and password, @ : / ? % are written %40 %3A %2F %3F %25'

function invalid(reason: string, advice = ''): InvalidReadStoreUrl {
  return new InvalidReadStoreUrl(`the MongoDB URL cannot be used: ${reason}${advice}`)
}

/** Whatever the driver repeats of the user, the password and the options of a URL. */
function withoutSecrets(message: string, url: string): string {
  const [, userInfo = '', options = ''] = /^[^:]*:\/\/(?:(.*)@)?[^?]*\??(.*)$/s.exec(url) ?? []
  const values = [...userInfo.split(':'), ...new URLSearchParams(options).values()]
  const secrets = [url, ...values].flatMap((text) => [text, decoded(text)]).filter((text) => text.length > 2)
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, '…'), message)
}

function decoded(text = ''): string {
  try {
    return decodeURIComponent(text)
  } catch (error) {
    if (!(error instanceof URIError)) throw error
    return text
  }
}
