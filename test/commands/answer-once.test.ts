import t from 'tap'
import { answerOnce } from '../../commands/answer-once.js'
import { Countdown, stoppingAppends, Stopped, unansweredAppends } from '../projections/stopping.js'
import { openLog } from '../event-store/open-log.js'

/** Work that tells how often it was done. */
function work() {
  const done = { times: 0 }
  return { done, work: async () => ({ position: ++done.times, list: ['ü', 1.5, null] }) }
}

const request = { key: 'key-1', digest: 'sha256:1' }

void t.test('a repetition gets the first answer, to the byte, and nothing is done again', async (t) => {
  const eventStore = openLog(t)
  const { done, work: once } = work()
  const answers = [
    await answerOnce(eventStore, request, once),
    await answerOnce(eventStore, request, once),
    await answerOnce(eventStore, request, once),
  ]
  t.equal(done.times, 1)
  for (const answer of answers) t.equal(JSON.stringify(answer), '{"position":1,"list":["ü",1.5,null]}')
})

void t.test('other keys are other requests, however alike', async (t) => {
  const eventStore = openLog(t)
  const { done, work: each } = work()
  for (const key of ['a', 'A', 'a ', 'á', 'a/b', 'x'.repeat(1_000)]) {
    t.match(await answerOnce(eventStore, { ...request, key }, each), { position: done.times })
  }
  t.equal(done.times, 6)
})

void t.test('another request under the same key is refused, and not carried out', async (t) => {
  const eventStore = openLog(t)
  const { done, work: once } = work()
  await answerOnce(eventStore, request, once)
  await t.rejects(answerOnce(eventStore, { ...request, digest: 'sha256:2' }, once), {
    code: 'idempotency-key-reused',
  })
  t.equal(done.times, 1)
  t.match(await answerOnce(eventStore, request, once), { position: 1 }, 'the first one is still answered')
})

void t.test('requests at the same time get one answer', async (t) => {
  const eventStore = openLog(t)
  const { work: each } = work()
  const answers = await Promise.all(Array.from({ length: 8 }, () => answerOnce(eventStore, request, each)))
  t.equal(new Set(answers.map((answer) => JSON.stringify(answer))).size, 1)
  t.same(await answerOnce(eventStore, request, each), answers[0])
})

void t.test(
  'of two other requests at the same time under one key, one is refused before it does anything',
  async (t) => {
    const eventStore = openLog(t)
    const { done, work: each } = work()
    const outcomes = await Promise.allSettled([
      answerOnce(eventStore, request, each),
      answerOnce(eventStore, { ...request, digest: 'sha256:2' }, each),
    ])
    t.same(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    const refused = outcomes.find((outcome) => outcome.status === 'rejected')
    t.match(refused?.reason, { code: 'idempotency-key-reused' })
    t.equal(done.times, 1)
  },
)

void t.test('work that fails is done again for the same request, and for no other', async (t) => {
  const eventStore = openLog(t)
  await t.rejects(
    answerOnce(eventStore, request, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  const { done, work: once } = work()
  await t.rejects(answerOnce(eventStore, { ...request, digest: 'another' }, once), {
    code: 'idempotency-key-reused',
  })
  t.equal(done.times, 0, 'nobody knows what the first one did before it failed')
  t.match(await answerOnce(eventStore, request, once), { position: 1 })
})

void t.test('stopped before the answer was kept, the work is done again; after it, it is not', async (t) => {
  const eventStore = openLog(t)
  const { done, work: each } = work()
  await t.rejects(answerOnce(stoppingAppends(eventStore, new Countdown(1)), request, each), Stopped)
  t.match(
    await answerOnce(eventStore, request, each),
    { position: 2 },
    'so it must have its effect once itself',
  )
  const other = { ...request, key: 'key-2' }
  await t.rejects(answerOnce(unansweredAppends(eventStore, new Countdown(1)), other, each), Stopped)
  t.match(await answerOnce(eventStore, other, each), { position: 3 })
  t.equal(done.times, 3)
})
