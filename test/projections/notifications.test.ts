import t from 'tap'
import { notifications } from '../../projections/notifications.js'
import { rebuild } from '../../projections/running/rebuild.js'
import { advanced, openTidemark, recorded, signed, textsOf, type Tidemark } from './tidemark.js'

async function lived(tidemark: Tidemark): Promise<void> {
  await tidemark.append(
    signed({ id: 'a', msisdn: '1', max: 10 }),
    signed({ id: 'b', msisdn: '2', max: 10 }),
    recorded('r1', '2020-01-10T00:00:00Z', 10, '2'),
    recorded('r2', '2020-01-10T00:00:00Z', 5, '1'),
  )
  await tidemark.fold()
  await tidemark.append(advanced('2020-02-01T00:00:00Z'))
  await tidemark.fold()
  await tidemark.append(recorded('r3', '2020-01-11T00:00:00Z', 5, '1'))
  await tidemark.fold()
}

interface Listed {
  readonly position: number
  readonly agreementId: string
  readonly type: string
}

async function list(tidemark: Tidemark, query: { index?: string; equals?: string[] }): Promise<Listed[]> {
  const build = await tidemark.live('notifications')
  const { rows } = await build.page('notifications', { ...query, limit: 100 })
  return rows.map(({ text }) => JSON.parse(text) as Listed)
}

void t.test('lists every notification in the order in which it was raised', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const log = await tidemark.notifications()
  t.strictSame(
    await list(tidemark, {}),
    log.map(({ position, data }) => ({ position, ...data })),
    'as it stands in the log',
  )
  t.equal(log.length, 5)
})

void t.test('of an agreement, of a type, and of both, in the same order', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const types = async (query: { index: string; equals: string[] }) =>
    (await list(tidemark, query)).map(({ agreementId, type }) => `${agreementId} ${type}`)
  t.same(await types({ index: 'agreement', equals: ['a'] }), [
    'a BILLING_PERIOD_CLOSED',
    'a DATA_PLAN_EXCEEDED',
    'a BILLING_PERIOD_CORRECTED',
  ])
  t.same(await types({ index: 'type', equals: ['DATA_PLAN_EXCEEDED'] }), [
    'b DATA_PLAN_EXCEEDED',
    'a DATA_PLAN_EXCEEDED',
  ])
  t.same(await types({ index: 'agreementAndType', equals: ['b', 'BILLING_PERIOD_CLOSED'] }), [
    'b BILLING_PERIOD_CLOSED',
  ])
})

void t.test('a rebuild lists the same', async (t) => {
  const tidemark = await openTidemark(t)
  await lived(tidemark)
  const before = await textsOf(await tidemark.live('notifications'), 'notifications')
  await rebuild(notifications, tidemark)
  t.same(await textsOf(await tidemark.live('notifications'), 'notifications'), before)
  t.same(await tidemark.differences(notifications), [])
})
