import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * What goes wrong between an adapter and its server.
 *
 * - `cut-before`: the connection breaks, and what the client just sent does not reach the server;
 * - `cut-after`: it reaches the server, and the connection breaks before the answer reaches the client;
 * - `hang`: nothing passes for a while, then the connection breaks;
 * - `slow`: everything passes late, for a while;
 * - `refuse`: all connections break, and new ones are refused for a while.
 */
export const faults = ['cut-before', 'cut-after', 'hang', 'slow', 'refuse'] as const
export type Fault = (typeof faults)[number]

export interface FaultyProxyOptions {
  readonly host: string
  readonly port: number
  /** Two runs with one seed choose the same faults, in the same order. */
  readonly seed: number
  /** How long a fault lasts at most, in milliseconds. */
  readonly lasting?: number
  /** The port that it listens on; default any that is free. */
  readonly at?: number
}

/** A TCP proxy that does harm. It knows nothing of what passes through it, so it serves any protocol. */
export class FaultyProxy {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #lasting: number
  readonly #links = new Set<Link>()
  readonly #counts = new Map<Fault, number>()
  #random: number
  #refusing = false
  #closed = false

  private constructor({ host, port, seed, lasting = 300 }: FaultyProxyOptions) {
    this.#target = { host, port }
    this.#random = seed >>> 0
    this.#lasting = lasting
    this.#server = createServer((client) => this.#accept(client))
  }

  static async start(options: FaultyProxyOptions): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(options)
    proxy.#server.listen(options.at ?? 0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** How many faults had an effect. */
  get count(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0)
  }

  /** How many of each kind. */
  get counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts)
  }

  /** Does harm at random moments, until so many faults had an effect, or it is closed. */
  async disturb(number: number, betweenFaults = 80): Promise<void> {
    while (this.count < number && !this.#closed) {
      await delay(this.#next() * betweenFaults)
      await this.inflict(faults[Math.floor(this.#next() * faults.length)] ?? 'hang')
    }
  }

  /** One fault. Resolves when it has had its effect, or nothing has passed that it could have had one on. */
  async inflict(fault: Fault): Promise<void> {
    const lasting = this.#next() * this.#lasting
    const had = fault === 'refuse' ? await this.#refuse(lasting) : await this.#strike(fault, lasting)
    if (had) this.#counts.set(fault, (this.#counts.get(fault) ?? 0) + 1)
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const link of this.#links) link.cut()
    this.#server.close()
    await once(this.#server, 'close')
  }

  async #refuse(lasting: number): Promise<boolean> {
    const had = this.#links.size > 0
    this.#refusing = true
    for (const link of this.#links) link.cut()
    await delay(lasting)
    this.#refusing = false
    return had
  }

  async #strike(fault: Exclude<Fault, 'refuse'>, lasting: number): Promise<boolean> {
    const links = [...this.#links]
    const link = links[Math.floor(this.#next() * links.length)]
    return link ? link.strike(fault, lasting) : false
  }

  #accept(client: Socket): void {
    client.on('error', () => {})
    if (this.#refusing) {
      client.resetAndDestroy()
      return
    }
    const link = new Link(client, connect(this.#target.port, this.#target.host))
    this.#links.add(link)
    client.on('close', () => this.#links.delete(link))
  }

  /** From 0 to 1: a linear congruential generator, so that a run can be repeated. */
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0
    return this.#random / 2 ** 32
  }
}

/** How long a fault waits for something to pass, in milliseconds. Not long: some of what is tried must succeed. */
const waitsForTraffic = 40

/** One connection of a client, and the one to the server that belongs to it. */
class Link {
  readonly #client: Socket
  readonly #server: Socket
  #fault: Exclude<Fault, 'refuse'> | undefined
  /** The request that is to be lost with its answer has passed. */
  #asked = false
  #struck = () => {}
  #held = 0

  constructor(client: Socket, server: Socket) {
    this.#client = client
    this.#server = server
    server.on('error', () => client.resetAndDestroy())
    server.on('close', () => client.destroy())
    client.on('close', () => server.destroy())
    client.on('data', (chunk) => this.#pass(client, server, chunk))
    server.on('data', (chunk) => this.#pass(server, client, chunk))
    client.on('drain', () => server.resume())
    server.on('drain', () => client.resume())
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#server.destroy()
  }

  /** Waits for traffic that the fault can meet; answers whether there was some. */
  async strike(fault: Exclude<Fault, 'refuse'>, lasting: number): Promise<boolean> {
    this.#fault = fault
    const struck = new Promise<true>((resolve) => (this.#struck = () => resolve(true)))
    const had = await Promise.race([struck, delay(waitsForTraffic, false)])
    if (had && (fault === 'hang' || fault === 'slow')) await delay(lasting)
    if (had && fault === 'hang') this.cut()
    this.#fault = undefined
    this.#asked = false
    return had
  }

  #pass(from: Socket, to: Socket, chunk: Buffer): void {
    const request = from === this.#client
    switch (this.#fault) {
      case 'cut-before':
        if (!request) break
        this.#struck()
        this.cut()
        return
      case 'cut-after':
        if (request) this.#asked = true
        else if (this.#asked) {
          this.#struck()
          this.cut()
          return
        }
        break
      case 'hang':
        this.#struck()
        return
      case 'slow':
        this.#struck()
        this.#hold(from, to, chunk)
        return
      case undefined:
        // What was held goes first.
        if (this.#held > 0) {
          this.#hold(from, to, chunk)
          return
        }
    }
    if (!to.write(chunk)) from.pause()
  }

  #hold(from: Socket, to: Socket, chunk: Buffer): void {
    this.#held++
    from.pause()
    setTimeout(() => {
      this.#held--
      if (!to.destroyed) to.write(chunk)
      from.resume()
    }, 20)
  }
}
