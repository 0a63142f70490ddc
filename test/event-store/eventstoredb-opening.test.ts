import { createServer as createHttp2Server } from 'node:http2'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { EventStoreError, LogAccessDenied, LogUnreachable, LogUnusable } from '../../event-store/errors.js'
import { openEventStoreDb, type EventStoreTrouble } from '../../event-store/eventstoredb/eventstoredb.js'
import { ownName } from '../servers.js'
import { withEventStoreDb } from './eventstoredb-server.js'

t.setTimeout(120_000)

await withEventStoreDb(({ url }) => {
  void t.test('says clearly what is wrong with a connection', async (t) => {
    const impatient = { answer: 1_000, opening: 400 }
    const refused = async (url: string) => {
      const told: EventStoreTrouble[] = []
      const options = {
        url,
        namespace: ownName(),
        patience: impatient,
        report: (one: EventStoreTrouble) => void told.push(one),
      }
      const error = await openEventStoreDb(options).then(
        (store) => store.close(),
        (error: unknown) => error,
      )
      if (!(error instanceof EventStoreError)) throw new Error(`${url} was opened`, { cause: error })
      t.notMatch(error.message, /secret|\n/, 'neither a password nor several lines')
      t.notMatch(told.map(({ error }) => error.message).join(), /secret/)
      return { error, told }
    }
    for (const [wrong, said] of [
      ['http://localhost:2113', /it takes esdb:/],
      ['esdb://admin:se@secret@localhost', /it takes esdb:.*%XX/],
      ['esdb://admin:secret%@localhost', /% that is not followed/],
      ['esdb://admin:secret@localhost?tlsVerifyCert=false', /tlsCAFile/],
      ['esdb://admin:secret@localhost?throwOnAppendFailure=false', /throwOnAppendFailure/],
      ['esdb://admin:secret@localhost?insecure=true', /no option "insecure".*tls/],
      ['esdb://admin:secret@localhost?tls', /tls has no value/],
      ['esdb://admin:secret@localhost?defaultDeadline=soon', /Integer/],
      ['esdb://admin:secret@localhost?tlsCAFile=/no/such/file', /certificate file/],
    ] as const) {
      const { error } = await refused(wrong)
      t.type(error, LogUnusable, wrong)
      t.match(error.message, said)
    }
    const down = await refused('esdb://admin:secret@127.0.0.1:1?tls=false')
    t.type(down.error, LogUnreachable)
    t.match(
      down.error.message,
      /127\.0\.0\.1:1 cannot be used: connect ECONNREFUSED.*Check that the server runs/,
    )
    t.equal(down.told[0]?.during, 'opening', 'it says meanwhile that it is trying')
    const unknown = await refused('esdb://no-such-host.invalid?tls=false')
    t.match(unknown.error.message, /no-such-host\.invalid.*Check the host name/)
    const secure = await refused(url.replace('tls=false', 'tls=true').replace('//', '//admin:secret@'))
    if (url.includes('tls=false')) t.match(secure.error.message, /no TLS: add tls=false/)

    const silent = createServer(() => {})
    t.match((await refused(await listening(t, silent))).error.message, /no answer in 1000 ms/)
    const closing = createServer((socket) => socket.destroy())
    t.match((await refused(await listening(t, closing))).error.message, /not EventStoreDB without TLS/)
    const strict = createHttp2Server()
    strict.on('stream', (stream) => {
      const headers = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '16' }
      stream.respond({ ...headers, 'grpc-message': 'Unauthenticated' }, { endStream: true })
    })
    const { error } = await refused(await listening(t, strict))
    t.type(error, LogAccessDenied)
    t.match(error.message, /user and password/)
    await t.rejects(openEventStoreDb({ url, namespace: 'no-dash' }), LogUnusable)
  })
})

/** Where a server of the test listens. */
async function listening(t: Test, server: Server | ReturnType<typeof createHttp2Server>): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `esdb://admin:secret@127.0.0.1:${(server.address() as AddressInfo).port}?tls=false`
}
