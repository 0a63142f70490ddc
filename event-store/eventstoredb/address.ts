import { EventStoreDBClient, type Credentials } from '@eventstore/db-client'
import { LogUnusable } from '../errors.js'

/** A connection string that the client takes. */
export interface Address {
  readonly url: string
  /** The same without user, password and options, for messages. */
  readonly shown: string
  readonly secure: boolean
  readonly credentials: Credentials | undefined
}

/** The options of a connection string, in the client's spelling; it takes any case. */
const options = [
  'connectionName',
  'defaultDeadline',
  'discoveryInterval',
  'gossipTimeout',
  'keepAliveInterval',
  'keepAliveTimeout',
  'maxDiscoverAttempts',
  'nodePreference',
  'tls',
  'tlsCAFile',
  'userCertFile',
  'userKeyFile',
]

/**
 * Looks at a connection string before the client does: the client prints all of it, with the password, when an
 * option is unknown to it.
 *
 * @throws {LogUnusable} it is none. The message never quotes user or password.
 */
export function readAddress(url: string): Address {
  const parts = /^(esdb(?:\+discover)?):\/\/(?:([^:@/?]+):([^@/?]*)@)?([^@/?]+)\/?(?:\?(.*))?$/.exec(
    url.trim(),
  )
  if (!parts) {
    throw unusable(
      'it takes esdb://<user>:<password>@<host>:2113?<options> (special characters of a password as %XX)',
    )
  }
  const [, scheme = '', user, password, hosts = '', query = ''] = parts
  // The client takes any number, and fails when it connects.
  const ports = hosts.split(',').map((host) => /:(\d+)$/.exec(host)?.[1])
  if (ports.some((given) => given !== undefined && (Number(given) < 1 || Number(given) > 65535)))
    throw unusable('a port is a number from 1 to 65535')
  let secure = true
  for (const pair of query === '' ? [] : query.split('&')) {
    const [name = '', value = ''] = pair.split('=')
    const option = options.find((known) => known.toLowerCase() === name.toLowerCase())
    if (option === undefined) throw unusable(whyNot(name))
    if (value === '') throw unusable(`the option ${option} has no value`)
    if (option === 'tls') secure = value !== 'false'
  }
  const address: Address = {
    url: url.trim(),
    shown: `${scheme}://${hosts}`,
    secure,
    credentials:
      user === undefined ? undefined : { username: decoded(user), password: decoded(password ?? '') },
  }
  connect(address)
  return address
}

/**
 * A client of its own. It connects when it is first asked something.
 *
 * @throws {LogUnusable} a value of the connection string cannot be used
 */
export function connect({ url }: Address): EventStoreDBClient {
  try {
    return EventStoreDBClient.connectionString(url)
  } catch (error) {
    // What comes before the options has been read already, so that no password can be in the message.
    throw unusable(error instanceof Error ? error.message : String(error))
  }
}

function whyNot(name: string): string {
  switch (name.toLowerCase()) {
    case 'throwonappendfailure':
      return 'leave throwOnAppendFailure away: the client answers a wrong revision with it'
    case 'tlsverifycert':
      return 'the client cannot leave certificates unverified (tlsVerifyCert): give tlsCAFile, or tls=false'
    default:
      return `there is no option ${JSON.stringify(name)}: it takes ${options.join(', ')}`
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unusable('user or password has a % that is not followed by two hexadecimal digits')
  }
}

function unusable(why: string): LogUnusable {
  return new LogUnusable(`the connection string of EventStoreDB cannot be used: ${why}`)
}
