import type { EventStoreDBClient } from '@eventstore/db-client'
import {
  NO_STREAM,
  type AppendResult,
  type AppendToStreamOptions,
  type Credentials,
  type JSONEventData,
} from '@eventstore/db-client'
import { connect, type Address } from './address.js'
import { NoAnswer } from './failures.js'
import { Slots } from './slots.js'

/**
 * So many appends at once go into the one call that carries batches. The client keeps what is beyond 16 in a queue
 * of its own, and ends the process when the connection breaks meanwhile (its promise is waited for by nobody).
 */
export const batchesAtOnce = 14
/** So many appends at once where each is a call. */
const callsAtOnce = 64
/** In this time the client notices a dead connection, and gives up what it had sent over it; milliseconds. */
const connectionDeadAfter = 25_000
/**
 * The server drops an append that reaches it later than this, by its own clock; milliseconds. Long, because the clocks
 * may differ: how long we wait is another matter, and an append that is late does no harm, as it names the revision
 * it expects.
 */
const serverDeadline = 600_000

/**
 * The one batching client of this thread, shared by all that append to the same server. The client library keeps what
 * is pending in one table for all of its clients: were there two, the failure of one would lose the answers of the
 * other, and an answer that is not in the table ends the process.
 */
let batching: Appender | undefined

/** A client that is there for appends only: other failures must not reset their channel. */
interface Appender {
  readonly url: string
  client: EventStoreDBClient
  readonly slots: Slots
  users: number
}

/** The clients of one opened store. */
export class Connection {
  /** For everything but appends. */
  readonly client: EventStoreDBClient
  readonly #address: Address
  readonly #appender: Appender
  /** Given with each call, so that the client takes one call for each append. */
  readonly #credentials: Credentials | undefined
  readonly #answer: number
  /** Whether appends travel through one call, in their order. */
  readonly batches: boolean

  /** @param answer how long to wait for one, in milliseconds */
  constructor(address: Address, answer: number) {
    this.client = connect(address)
    this.#address = address
    this.#answer = answer
    this.batches = batching === undefined || batching.url === address.url
    const appender = (atOnce: number): Appender => ({
      url: address.url,
      client: connect(address),
      slots: new Slots(atOnce),
      users: 0,
    })
    if (this.batches) this.#appender = batching ??= appender(batchesAtOnce)
    else {
      // Without TLS the client sends no credentials, whatever they are. With TLS and a certificate in their stead
      // there are none to give: then it batches all the same.
      this.#credentials =
        address.credentials ?? (address.secure ? undefined : { username: '-', password: '-' })
      this.#appender = appender(this.#credentials ? callsAtOnce : batchesAtOnce)
    }
    this.#appender.users++
  }

  /**
   * One append to one stream, all or nothing.
   *
   * @param revision the expected one, −1 if the stream must not exist
   * @throws WrongExpectedVersionError and other errors of the client; {@link NoAnswer}. Unless the server refused it,
   *   it may be done all the same.
   */
  async append(name: string, events: JSONEventData[], revision: number): Promise<AppendResult> {
    const free = await this.#appender.slots.take()
    const sent = this.#send(name, events, {
      expectedRevision: revision < 0 ? NO_STREAM : BigInt(revision),
      requiresLeader: true,
      ...(this.#credentials
        ? { credentials: this.#credentials, deadline: this.#answer }
        : { deadline: serverDeadline }),
    })
    freeWhenSettled(sent, free)
    return withinTime(sent, this.#answer)
  }

  /** Ends all calls. */
  async close(): Promise<void> {
    await disconnect(this.client)
    if (--this.#appender.users > 0) return
    if (this.batches) batching = undefined
    await disconnect(this.#appender.client)
  }

  /**
   * Before its first append the client asks what the server can do, and some failures of that it keeps for good: every
   * append would meet them. Such a client is replaced. Nothing is under way in it.
   */
  async #send(name: string, events: JSONEventData[], options: AppendToStreamOptions): Promise<AppendResult> {
    const { client } = this.#appender
    const asked = capabilitiesOf(client)
    try {
      await asked
    } catch (error) {
      if (this.#appender.client === client && capabilitiesOf(client) === asked) {
        this.#appender.client = connect(this.#address)
        void disconnect(client)
      }
      throw error
    }
    return client.appendToStream(name, events, options)
  }
}

/** What the client will await itself; it is not public. */
function capabilitiesOf(client: EventStoreDBClient): Promise<unknown> | undefined {
  const { capabilities } = client as unknown as { readonly capabilities?: Promise<unknown> }
  capabilities?.catch(() => {})
  return capabilities
}

/**
 * The client ends its calls but not its connection, and one that hangs would keep the process from ending. The
 * channel is not public; a version of the client without it only leaves the connection to the garbage collector.
 */
async function disconnect(client: EventStoreDBClient): Promise<void> {
  await client.dispose()
  const { getChannel } = client as unknown as { getChannel?: () => Promise<{ close(): void }> }
  getChannel?.().then(
    (channel) => channel.close(),
    () => {},
  )
}

/**
 * An append that nobody waits for any more takes up room in the client until that knows its end, too: at the latest
 * when the connection it went over is gone.
 */
function freeWhenSettled(sent: Promise<unknown>, free: () => void): void {
  const timer = setTimeout(free, connectionDeadAfter).unref()
  const settled = () => {
    clearTimeout(timer)
    free()
  }
  sent.then(settled, settled)
}

/** @throws {NoAnswer} */
async function withinTime<T>(answer: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswer(milliseconds)), milliseconds)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
