import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/**
 * What happens to a command on its way. `lost`: the connection breaks before the server sees it. `unanswered`: the
 * server does it, and the connection breaks before the answer. `hung`: neither it nor anything after it on this
 * connection gets through, and nobody says so.
 */
export type Fault = 'lost' | 'unanswered' | 'hung'

/** A TCP proxy in front of a MongoDB that breaks connections when it is told to. */
export class MongoDbProxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  /** Asked for every piece that a client sends. */
  fault: (sent: Buffer) => Fault | undefined = () => undefined

  static async open(url: string): Promise<MongoDbProxy> {
    const { hostname, port } = new URL(url.replace(/^mongodb:/, 'http:'))
    const proxy = new MongoDbProxy(hostname, Number(port || 27017))
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  private constructor(hostname: string, port: number) {
    this.#server = createServer((client) => this.#join(client, connect(port, hostname)))
  }

  /** Directly to the proxy: a replica set would tell the client the addresses behind it. */
  urlOf(options: string): string {
    const { port } = this.#server.address() as AddressInfo
    return `mongodb://127.0.0.1:${port}/?directConnection=true&${options}`
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #join(client: Socket, server: Socket): void {
    let fault: Fault | undefined
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        client.destroy()
        server.destroy()
      })
    }
    client.on('data', (sent) => {
      fault ??= this.fault(sent)
      if (fault === 'lost') client.destroy()
      else if (fault !== 'hung') server.write(sent)
    })
    server.on('data', (answer) => {
      if (fault === 'unanswered') client.destroy()
      else if (fault !== 'hung') client.write(answer)
    })
  }
}
