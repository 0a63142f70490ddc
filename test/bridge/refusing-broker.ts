import { createServer, type AddressInfo, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What the broker asks for, as the protocol numbers it. */
const apiVersions = 18
const saslHandshake = 17
const saslAuthenticate = 36
const unsupportedVersion = 35
const authenticationFailed = 58

/**
 * A broker that lets nobody in: it speaks as much of Kafka's protocol as it takes to refuse credentials, in the way that
 * Kafka does. Answers its address.
 */
export async function refusingBroker(t: Test): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let pending = Buffer.alloc(0)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      pending = Buffer.concat([pending, chunk])
      while (pending.length >= 4 && pending.length >= 4 + pending.readInt32BE(0)) {
        const end = 4 + pending.readInt32BE(0)
        const answer = answerTo(pending.subarray(4, end))
        socket.write(Buffer.concat([int32(answer.length), answer]))
        pending = pending.subarray(end)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(
    () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy()
        server.close(resolve)
      }),
  )
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

function answerTo(request: Buffer): Buffer {
  const api = request.readInt16BE(0)
  const version = request.readInt16BE(2)
  const correlation = request.subarray(4, 8)
  if (api === apiVersions) {
    const known = [apiVersions, saslHandshake, saslAuthenticate]
    const supported = version === 0
    const versions = known.flatMap((key) => [int16(key), int16(0), int16(key === saslHandshake ? 1 : 0)])
    return Buffer.concat([
      correlation,
      int16(supported ? 0 : unsupportedVersion),
      int32(known.length),
      ...versions,
    ])
  }
  if (api === saslHandshake) return Buffer.concat([correlation, int16(0), int32(1), text('PLAIN')])
  return Buffer.concat([
    correlation,
    int16(authenticationFailed),
    text('Authentication failed: Invalid username or password'),
    int32(0),
  ])
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)])
}
