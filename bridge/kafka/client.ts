import { isIP, connect, type Socket } from 'node:net'
import { connect as connectSafely } from 'node:tls'
import { Kafka, logLevel, type ISocketFactory, type logCreator, type SASLOptions } from 'kafkajs'
import { registerCodecs } from './codecs.js'
import type { BridgeReport } from './reports.js'
import { restWhenIdle } from './request-queue.js'
import type { KafkaSettings } from './settings.js'

/** How often a quiet connection is probed, in milliseconds. */
const keepAlive = 60_000

/** The clients of one bridge, and their connections. */
export interface Clients {
  /**
   * A client of the brokers. Each part of the bridge takes one of its own, since a client shares what it knows about
   * offsets between its consumers.
   */
  readonly client: () => Kafka
  /** Ends every connection, and there are no more: whatever still waits for a broker fails. */
  readonly end: () => void
}

export function clientsOf(settings: KafkaSettings, report: (report: BridgeReport) => void): Clients {
  registerCodecs()
  restWhenIdle()
  const { brokers, ssl, sasl } = settings
  const sockets = new Set<Socket>()
  let ended = false
  const socketFactory: ISocketFactory = (address) => {
    if (ended) throw new Error('the bridge has ended')
    const socket = connectionTo(address)
    sockets.add(socket)
    return socket.once('close', () => {
      sockets.delete(socket)
      // The client listens for the end of what it reads, and for errors: a connection may close without either.
      socket.emit('end')
    })
  }
  const client = () =>
    new Kafka({
      clientId: 'tidemark',
      brokers: [...brokers],
      ssl: typeof ssl === 'boolean' ? ssl : { ca: ssl.ca },
      ...(sasl ? { sasl: { ...sasl } as SASLOptions } : {}),
      connectionTimeout: 3_000,
      authenticationTimeout: 10_000,
      requestTimeout: 15_000,
      // Whoever calls tries again, and stops when told so: the client's own retries would not.
      retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
      socketFactory,
      logLevel: logLevel.WARN,
      logCreator: logTo(report),
    })
  return {
    client,
    end: () => {
      ended = true
      // With an error: of a connection that only closes the client takes no notice.
      for (const socket of sockets) socket.destroy(new Error('the bridge has ended'))
    },
  }
}

function connectionTo({ host, port, ssl, onConnect }: Parameters<ISocketFactory>[0]): Socket {
  // The client passes undefined on where TLS is not wanted.
  const options = ssl as typeof ssl | undefined
  const socket = options
    ? connectSafely({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}), ...options }, onConnect)
    : connect({ host, port }, onConnect)
  return socket.setKeepAlive(true, keepAlive)
}

/** The client tells of every retry. It is for who looks closely: what matters is reported by the bridge itself. */
function logTo(report: (report: BridgeReport) => void): logCreator {
  return () =>
    ({ namespace, log }) =>
      report({ type: 'client', part: namespace, message: log.message })
}
