import { once } from 'node:events'
import { createServer, get, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyReply } from 'fastify'
import t, { type Test } from 'tap'
import { LongReads } from '../../api/long-reads.js'

/** A client that asks, and its request as the server has it. */
async function clients(t: Test) {
  const arrived: ((response: ServerResponse) => void)[] = []
  const server = createServer((_request, response) => arrived.shift()!(response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return async () => {
    const response = new Promise<ServerResponse>((resolve) => arrived.push(resolve))
    const request = get({ port, host: '127.0.0.1', agent: false })
    // It may be cut off.
    request.on('error', () => {})
    return { reply: { raw: await response } as FastifyReply, leave: () => request.destroy() }
  }
}

/** Work that goes on until it is told to end, or called off. */
function work() {
  let end = () => {}
  let begin = () => {}
  const begun = new Promise<void>((resolve) => (begin = resolve))
  const run = (signal: AbortSignal) =>
    new Promise<string>((resolve, reject) => {
      begin()
      end = () => resolve('done')
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  return { run, begun, end: () => end() }
}

void t.test('work is called off when its client goes away', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 1, waiting: 0 })
  const { reply, leave } = await ask()
  const running = work()
  const answer = reads.run(reply, running.run)
  await running.begun
  leave()
  await t.rejects(answer, { code: 'not-caught-up', message: /client has gone/ })
  t.equal(await reads.run((await ask()).reply, async () => 'next'), 'next', 'and the turn is free again')
  await t.rejects(
    reads.run(reply, async () => 'in vain'),
    { message: /client has gone/ },
  )
})

void t.test('so many work at a time, so many wait in their order, and more are refused', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 2, waiting: 2 })
  const works = [work(), work(), work(), work()]
  const answers: Promise<string>[] = []
  for (const { run } of works) answers.push(reads.run((await ask()).reply, run))
  await Promise.all([works[0]!.begun, works[1]!.begun])
  const fifth = reads.run((await ask()).reply, async () => 'too many')
  await t.rejects(fifth, { code: 'too-many-long-reads', status: 503, headers: { 'retry-after': '1' } })
  works[1]!.end()
  t.equal(await answers[1], 'done')
  await works[2]!.begun
  works[0]!.end()
  await works[3]!.begun
  works[2]!.end()
  works[3]!.end()
  t.same(await Promise.all(answers), ['done', 'done', 'done', 'done'])
})

void t.test('never more than so many, however they come and go', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 2, waiting: 20 })
  let [running, most] = [0, 0]
  const some = async () => {
    most = Math.max(most, ++running)
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
    running--
  }
  const replies: FastifyReply[] = []
  for (let n = 0; n < 20; n++) replies.push((await ask()).reply)
  for (let burst = 0; burst < 3; burst++) await Promise.all(replies.map((reply) => reads.run(reply, some)))
  t.equal(most, 2)
})

void t.test('who waits and goes away leaves his place to others', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 1, waiting: 1 })
  const [first, last] = [work(), work()]
  const answer = reads.run((await ask()).reply, first.run)
  await first.begun
  const impatient = await ask()
  const waiting = reads.run(impatient.reply, async () => 'never')
  impatient.leave()
  await t.rejects(waiting, { message: /client has gone/ })
  const next = reads.run((await ask()).reply, last.run)
  first.end()
  await last.begun
  last.end()
  t.same(await Promise.all([answer, next]), ['done', 'done'])
})

void t.test('work that fails gives its turn back', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 1, waiting: 0 })
  const failing = async () => {
    throw new Error('no')
  }
  for (let n = 0; n < 3; n++) await t.rejects(reads.run((await ask()).reply, failing), { message: 'no' })
})

void t.test('stopping calls everything off', async (t) => {
  const ask = await clients(t)
  const reads = new LongReads({ atOnce: 1, waiting: 1 })
  const running = work()
  const answers = [reads.run((await ask()).reply, running.run)]
  await running.begun
  answers.push(reads.run((await ask()).reply, async () => 'never'))
  reads.stop()
  for (const answer of answers) await t.rejects(answer, { code: 'not-caught-up', message: /is stopping/ })
})
