import t from 'tap'
import type { NewEvent } from '../../domain/event.js'
import { dataPlans } from '../../projections/data-plans/data-plans.js'
import { outboxCollection } from '../../projections/running/outbox.js'
import { projections } from '../../projections/index.js'
import type { Write } from '../../read-store/port.js'
import { verify } from '../../projections/running/verify.js'
import { run } from './running.js'
import { Countdown, Stopped, stoppingAppends } from './stopping.js'
import { foldToHead, openTidemark, recorded, signed, type Tidemark } from './tidemark.js'

async function lived(tidemark: Tidemark): Promise<void> {
  await tidemark.append(
    signed({ id: 'a', max: 10 }),
    recorded('r1', '2020-01-10T00:00:00Z', 10),
    recorded('r2', '2020-02-10T00:00:00Z', 10),
  )
  await tidemark.fold()
}

/** Changes documents of the live build behind the runner's back. */
async function tamper({ live }: Tidemark, collection: string, ...writes: Write[]): Promise<void> {
  const build = await live()
  const checkpoint = await build.checkpoint()
  await build.commit({ expected: checkpoint, checkpoint, writes: { [collection]: writes } })
}

void t.test('what was folded is what is folded again, and every document is counted', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  t.same(await verify(dataPlans, tidemark), { projection: 'data-plans', documents: 0, differences: [] })
  await tidemark.append(signed({ id: 'a', max: 10 }))
  await t.rejects(
    verify(dataPlans, tidemark),
    { code: 'read-model-missing' },
    'nothing is not the same as something',
  )
  await lived(tidemark)
  for (const projection of projections) {
    const build = await tidemark.live(projection.name)
    let documents = 0
    for (const collection of Object.keys(projection.collections)) documents += await build.count(collection)
    t.same(await verify(projection, { eventStore, readStore }), {
      projection: projection.name,
      documents,
      differences: [],
    })
  }
})

void t.test(
  'finds the document that was changed, the one that is missing and the one too many',
  async (t) => {
    const tidemark = await openTidemark(t)
    await lived(tidemark)
    const period = await tidemark.period('a/2020-01')
    await tamper(
      tidemark,
      'billing-periods',
      { id: 'a/2020-01', document: { ...period, totalRecordedBytes: 9 } },
      { id: 'a/2020-02', document: undefined },
      { id: 'a/2020-03', document: period },
    )
    t.same(
      (await tidemark.differences()).map(
        ({ collection, id, difference }) => `${collection} ${id}: ${difference}`,
      ),
      [
        'billing-periods a/2020-01: differs',
        'billing-periods a/2020-02: only in the rebuilt documents',
        'billing-periods a/2020-03: only in the live documents',
      ],
    )
  },
)

void t.test('finds a byte that changes no meaning', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const { agreementId, ...rest } = (await tidemark.period('a/2020-01'))!
  await tamper(tidemark, 'billing-periods', { id: 'a/2020-01', document: { ...rest, agreementId } })
  t.match(await tidemark.differences(), [{ id: 'a/2020-01', difference: 'differs' }])
})

void t.test('finds a derived event that never came into the log', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  await tidemark.append(signed({ id: 'a', max: 10 }), recorded('r', '2020-01-10T00:00:00Z', 10))
  await t.rejects(foldToHead(dataPlans, stoppingAppends(eventStore, new Countdown(0)), readStore), Stopped)
  const { rows } = await (await tidemark.live()).page(outboxCollection, { limit: 1 })
  await tamper(tidemark, outboxCollection, { id: rows[0]!.id, document: undefined })
  t.match(await tidemark.differences(), [{ collection: 'derived events', difference: 'missing in the log' }])
})

void t.test('finds derived events that nobody derives, and those of other content', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const [exceeded] = await tidemark.notifications()
  const forged = (id: string, stream: string): NewEvent => ({
    ...exceeded!,
    id,
    stream,
    data: { ...exceeded!.data, totalRecordedBytes: 11 },
  })
  const other = await openTidemark(t)
  await other.append(
    forged(exceeded!.id, exceeded!.stream),
    forged('6a8f3c1e-0000-5000-8000-000000000001', 'billing-period-b-2020-01'),
  )
  await lived(other)
  t.same(
    (await other.differences()).map(({ id, difference }) => `${id}: ${difference}`).sort(),
    ['6a8f3c1e-0000-5000-8000-000000000001: not derived again', `${exceeded!.id}: other content`].sort(),
  )
})

void t.test('verifies a build while it goes on', async (t) => {
  const tidemark = await openTidemark(t)
  const { eventStore, readStore } = tidemark
  await lived(tidemark)
  const running = run(t, eventStore, readStore, projections)
  let verifying = true
  const appending = (async () => {
    for (let n = 0; verifying; n++) {
      const day = String(1 + (n % 28)).padStart(2, '0')
      await tidemark.append(
        signed({ id: `a${n}`, msisdn: String(n), max: 10 }),
        recorded('r1', `2020-0${2 + (n % 7)}-${day}T00:00:00Z`, 10, String(n)),
      )
      await running.folded(dataPlans.name)
    }
  })()
  for (let time = 0; time < 2; time++) {
    for (const projection of projections) t.same(await tidemark.differences(projection), [])
  }
  verifying = false
  await appending
  await running.stop()
  for (const projection of projections) t.same(await tidemark.differences(projection), [])
})
