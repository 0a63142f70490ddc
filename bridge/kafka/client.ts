import { Kafka, logLevel, type logCreator, type SASLOptions } from 'kafkajs'
import type { BridgeReport } from './reports.js'
import type { KafkaSettings } from './settings.js'

/**
 * A client of the brokers. Each part of the bridge takes one of its own, since a client shares what it knows about
 * offsets between its consumers.
 */
export function kafkaClient(settings: KafkaSettings, report: (report: BridgeReport) => void): Kafka {
  const { brokers, ssl, sasl } = settings
  return new Kafka({
    clientId: 'tidemark',
    brokers: [...brokers],
    ssl: typeof ssl === 'boolean' ? ssl : { ca: ssl.ca },
    ...(sasl ? { sasl: { ...sasl } as SASLOptions } : {}),
    connectionTimeout: 3_000,
    authenticationTimeout: 10_000,
    // Whoever calls tries again, and stops when told so: the client's own retries would not.
    retry: { retries: 3, initialRetryTime: 100, maxRetryTime: 1_000 },
    logLevel: logLevel.WARN,
    logCreator: logTo(report),
  })
}

/** The client tells of every retry. It is for who looks closely: what matters is reported by the bridge itself. */
function logTo(report: (report: BridgeReport) => void): logCreator {
  return () =>
    ({ namespace, log }) =>
      report({ type: 'client', part: namespace, message: log.message })
}
