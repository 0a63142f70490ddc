import { jsonEvent } from '@eventstore/db-client'
import { createServer } from 'node:http2'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { readAddress } from '../../event-store/eventstoredb/address.js'
import { Connection } from '../../event-store/eventstoredb/connection.js'

/** gRPC. */
const [unimplemented, internal] = ['12', '13']

void t.test('a client whose first question met an odd failure is replaced', async (t) => {
  const asked: string[] = []
  const server = createServer()
  server.on('stream', (stream, { ':path': path }) => {
    asked.push(String(path).replace(/^.*\//, ''))
    const status = asked.length === 1 ? internal : unimplemented
    const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status }
    stream.on('error', () => {})
    stream.respond(headers, { endStream: true })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const connection = new Connection(readAddress(`esdb://127.0.0.1:${port}?tls=false`), 5_000)
  t.teardown(async () => {
    await connection.close()
    server.close()
  })
  const append = () => connection.append('a', [jsonEvent({ type: 'Tested', data: {} })], -1)
  await t.rejects(append(), { message: /INTERNAL/ })
  await t.rejects(append(), { message: /UNIMPLEMENTED/ }, 'the append itself got to the server')
  t.same(asked, ['GetSupportedMethods', 'GetSupportedMethods', 'Append'])
})
