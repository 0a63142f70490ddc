import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A schema registry, as far as its REST API is needed here: schemas by id. */
export interface TestRegistry {
  readonly url: string
  /** Adds a schema; answers its id. */
  add(schema: object): number
  /** While it is out of order, it answers every request with 500. */
  outOfOrder: boolean
  /** How often it was asked. */
  requests: number
  /** Demands these credentials, `user:password`. */
  credentials: string | undefined
}

export async function startRegistry(t: Test): Promise<TestRegistry> {
  const schemas = new Map<number, object>()
  const registry = {
    url: '',
    outOfOrder: false,
    requests: 0,
    credentials: undefined as string | undefined,
    add: (schema: object) => {
      const id = 41 + schemas.size
      schemas.set(id, schema)
      return id
    },
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    registry.requests++
    const answer = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
      response.end(JSON.stringify(body))
    }
    const { credentials } = registry
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`
    if (expected !== undefined && request.headers.authorization !== expected) {
      return answer(401, { error_code: 401, message: 'Unauthorized' })
    }
    if (registry.outOfOrder) return answer(500, { error_code: 50001, message: 'Error in the backend store' })
    const [, asked] = /^\/schemas\/ids\/(\d+)$/.exec(request.url ?? '') ?? []
    if (asked === undefined) return answer(404, { error_code: 404, message: 'HTTP 404 Not Found' })
    const id = Number(asked)
    const schema = schemas.get(id)
    if (schema) answer(200, { schema: JSON.stringify(schema) })
    else answer(404, { error_code: 40403, message: `Schema ${id} not found` })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  registry.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return registry
}

/** A value in Confluent's wire format. */
export function framed(id: number, avro: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.writeUInt32BE(id, 1)
  return Buffer.concat([header, avro])
}
