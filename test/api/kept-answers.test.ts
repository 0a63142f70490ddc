import fc from 'fast-check'
import t, { type Test } from 'tap'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { collectionsOf } from '../../projections/running/fold.js'
import type { Build } from '../../read-store/port.js'
import { agreement, startService, type Service } from './service.js'

const ids = ['a', 'b', 'c']

/** What happens to the documents between two questions for all of them. */
const step = fc.oneof(
  fc.constant({ type: 'nothing' as const }),
  fc.record({ type: fc.constant('write' as const), id: fc.constantFrom(...ids), limit: fc.nat() }),
  fc.record({ type: fc.constant('delete' as const), id: fc.constantFrom(...ids) }),
  fc.constant({ type: 'rebuild' as const }),
)

/** The read models of agreements as a test writes them, with no projection running. */
async function writable({ readStore }: Service) {
  const create = () => readStore.create(dataPlans.name, dataPlans.version, collectionsOf(dataPlans))
  let build: Build = await create()
  let checkpoint = 0
  await readStore.promote(build)
  return {
    write: async (id: string, document: object | undefined) => {
      const writes = { agreements: [{ id, document }] }
      await build.commit({ expected: checkpoint, checkpoint: ++checkpoint, writes })
    },
    rebuild: async () => {
      const next = await create()
      await readStore.promote(next, { build, at: [checkpoint] })
      build = next
      checkpoint = 0
    },
  }
}

async function textOf({ url }: Service, id: string): Promise<string | undefined> {
  const answer = await fetch(`${url}/agreements/${id}`)
  const text = await answer.text()
  return answer.status === 404 ? undefined : text
}

void t.test('whatever is written, answers are those of now', async (t) => {
  const service = await startService(t, { run: false })
  const { write, rebuild } = await writable(service)
  let stored = new Map<string, string>()
  const property = fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
    for (const one of steps) {
      if (one.type === 'rebuild') {
        await rebuild()
        stored = new Map()
      } else if (one.type === 'delete') {
        await write(one.id, undefined)
        stored.delete(one.id)
      } else if (one.type === 'write') {
        const document = agreement({ id: one.id, maxBytesInBillingPeriod: one.limit })
        await write(one.id, document)
        stored.set(one.id, JSON.stringify(document))
      }
      for (const id of ids) t.equal(await textOf(service, id), stored.get(id))
    }
  })
  await t.resolves(fc.assert(property, { numRuns: 40 }))
})

/** How many answers of a status the route has given, by its own count. */
async function answered(service: Service, status: number): Promise<number> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text()
  const labels = `{method="GET",route="/agreements/:id",status="${status}"}`
  const line = metrics
    .split('\n')
    .find((line) => line.startsWith(`http_request_duration_seconds_count${labels}`))
  return Number(line?.split(' ').at(-1) ?? 0)
}

/** What an answer says, but for the time. */
async function shape(answer: Response) {
  const headers = [...answer.headers].filter(([name]) => name !== 'date')
  return { status: answer.status, headers, text: await answer.text() }
}

void t.test('an answer that was kept is the first one again, and counted', async (t: Test) => {
  const service = await startService(t, { run: false })
  const { write } = await writable(service)
  await write('ä', agreement({ id: 'ä' }))
  const get = async (headers: Record<string, string> = {}) =>
    shape(await fetch(`${service.url}/agreements/%C3%A4`, { headers }))
  const first = await get()
  t.match(first, { status: 200, text: /"id":"ä"/ })
  t.same(await get(), first)
  t.equal(await answered(service, 200), 2)
  const tag = Object.fromEntries(first.headers).etag!
  for (const known of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
    const unchanged = await get({ 'if-none-match': known })
    t.match(unchanged, { status: 304, text: '' }, known)
    t.equal(Object.fromEntries(unchanged.headers).etag, tag)
  }
  t.equal(await answered(service, 304), 4)
  t.same(await get({ 'if-none-match': '"x"' }), first)
})

void t.test('other methods and other questions are not answered from what was kept', async (t) => {
  const service = await startService(t, { run: false })
  const { write } = await writable(service)
  await write('a', agreement({ id: 'a' }))
  t.equal((await service.get('/agreements/a')).status, 200)
  const head = await fetch(`${service.url}/agreements/a`, { method: 'HEAD' })
  t.equal(head.status, 200)
  t.equal(await head.text(), '')
  t.equal((await fetch(`${service.url}/agreements/a`, { method: 'DELETE' })).status, 405)
  t.match(await service.get('/agreements/a?minPosition=x'), { status: 400 })
  t.match(await service.get('/agreements/a/'), { status: 404 })
})
