import { BSON } from 'mongodb'
import { createServer, type AddressInfo, type Socket } from 'node:net'

type Answer = Record<string, unknown>

/** A server that speaks MongoDB's protocol and answers what a test wants: for what no healthy server says. */
export async function answering(answer: (command: Answer) => Answer): Promise<{
  readonly host: string
  close(): Promise<void>
}> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let received = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      received = Buffer.concat([received, data])
      while (received.length >= 4 && received.length >= received.readInt32LE(0)) {
        const message = received.subarray(0, received.readInt32LE(0))
        received = received.subarray(message.length)
        socket.write(replyTo(message, answer))
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** What a single server says of itself that is no member of a replica set. */
export const single: Answer = {
  ok: 1,
  helloOk: true,
  isWritablePrimary: true,
  ismaster: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  minWireVersion: 0,
  maxWireVersion: 21,
  logicalSessionTimeoutMinutes: 30,
}

const [opQuery, opReply, opMsg] = [2004, 1, 2013]

/** The first message of a connection comes as OP_QUERY, all others as OP_MSG of one section. */
function replyTo(message: Buffer, answer: (command: Answer) => Answer): Buffer {
  const asked = message.readInt32LE(12)
  const body = asked === opQuery ? message.indexOf(0, 20) + 9 : 21
  const reply = BSON.serialize(answer(BSON.deserialize(message.subarray(body))))
  const head = Buffer.alloc(asked === opQuery ? 36 : 21)
  head.writeInt32LE(head.length + reply.length, 0)
  head.writeInt32LE(message.readInt32LE(4), 8)
  head.writeInt32LE(asked === opQuery ? opReply : opMsg, 12)
  if (asked === opQuery) head.writeInt32LE(1, 32)
  return Buffer.concat([head, reply])
}
