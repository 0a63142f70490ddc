import { randomBytes } from 'node:crypto'

export type ServerVariable = 'EVENTSTOREDB_URL' | 'MONGODB_URL' | 'KAFKA_BROKERS'

/** Where a server runs. The benchmark is not started where its variables are not set (main.ts). */
export function addressIn(variable: ServerVariable): string {
  const { [variable]: address } = process.env
  if (!address) throw new Error(`${variable} is not set: it says where the server is`)
  return address
}

/** A name for what one run keeps in a server that others use as well. */
export function ownName(): string {
  return `bench_${randomBytes(6).toString('hex')}`
}
