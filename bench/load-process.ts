import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Load } from './load.js'

/** The process that makes load where `wrk` is not installed: plain sockets, kept alive, nothing pipelined. */

const { port, paths, seconds, connections } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Load
const requests = paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`)
let [next, served] = [0, 0]

for (let i = 0; i < connections; i++) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  const send = () => socket.write(requests[next++ % requests.length] ?? '')
  let answer = ''
  socket.on('connect', send)
  socket.on('data', (bytes) => {
    answer += bytes.toString('latin1')
    if (!isWhole(answer)) return
    answer = ''
    served++
    send()
  })
}

const start = performance.now()
setTimeout(() => {
  const rate = (served * 1000) / (performance.now() - start)
  process.stdout.write(`Requests/sec: ${rate.toFixed(2)}\n`, () => process.exit())
}, seconds * 1000)

function isWhole(answer: string): boolean {
  const body = answer.indexOf('\r\n\r\n') + 4
  if (body < 4) return false
  if (!answer.startsWith('HTTP/1.1 2')) throw new Error(answer)
  const length = /\r\ncontent-length: (\d+)/i.exec(answer)
  if (!length) throw new Error(`there is no content-length in\n${answer}`)
  return answer.length >= body + Number(length[1])
}
