import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A session service in a process of its own, that takes its time: tells its port, and ends with whoever started it. */

const latency = Number(process.argv[2] ?? '500')
process.once('disconnect', () => process.exit())
const server = createServer((_request, response) => {
  setTimeout(() => response.end('{"clientCountryCode":"PL"}'), latency)
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
