import t from 'tap'
import { checkBillingTimeZone, setBillingTimeZone } from '../../commands/billing-time-zone.js'
import type { NewEvent } from '../../domain/event.js'
import type { EventStore } from '../../event-store/port.js'
import { billed, billedIn } from '../projections/billing.js'
import { advanced, recorded, wholeLog } from '../projections/tidemark.js'
import { decorated } from '../../event-store/decorated.js'
import { openLog } from '../event-store/open-log.js'

const emma = () => billed('Emma', '2020-01-10T00:00:00Z')

void t.test('a zone is set once, as a fact', async (t) => {
  const eventStore = openLog(t)
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  await setBillingTimeZone(eventStore, 'europe/warsaw')
  await setBillingTimeZone(eventStore, undefined)
  t.match(await wholeLog(eventStore), [
    { stream: 'clock-billing', type: 'BillingTimeZoneSet', data: { zone: 'Europe/Warsaw' } },
  ])
  t.equal(await eventStore.head(), 1)
})

void t.test('UTC holds without a fact', async (t) => {
  const eventStore = openLog(t)
  await setBillingTimeZone(eventStore, 'UTC')
  await setBillingTimeZone(eventStore, undefined)
  t.equal(await eventStore.head(), 0)
  await eventStore.append([emma()])
  await setBillingTimeZone(eventStore, 'UTC')
  t.equal(await eventStore.head(), 1)
})

void t.test('another zone than the one that was set is refused, with advice', async (t) => {
  const eventStore = openLog(t)
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  for (const zone of ['UTC', 'Asia/Tokyo']) {
    await t.rejects(setBillingTimeZone(eventStore, zone), {
      code: 'billing-time-zone-fixed',
      message: new RegExp(`BILLING_TIME_ZONE is ${zone}, but .* billed in Europe/Warsaw: .*=Europe/Warsaw`),
    })
  }
  t.equal(await eventStore.head(), 1, 'and nothing is written')
})

void t.test('names of one zone are equal', async (t) => {
  const eventStore = openLog(t)
  for (const zone of ['Etc/UTC', 'GMT', 'utc']) await setBillingTimeZone(eventStore, zone)
  t.equal(await eventStore.head(), 0, 'UTC needs no fact')
  for (const zone of ['Asia/Calcutta', 'Asia/Kolkata']) await setBillingTimeZone(eventStore, zone)
  await checkBillingTimeZone(eventStore, 'asia/kolkata')
  t.match(await wholeLog(eventStore), [{ data: { zone: 'Asia/Calcutta' } }])
})

void t.test('looking whether a zone is the right one writes nothing', async (t) => {
  const eventStore = openLog(t)
  for (const zone of [undefined, 'Europe/Warsaw', 'UTC']) await checkBillingTimeZone(eventStore, zone)
  t.equal(await eventStore.head(), 0, 'any will do while there is none')
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  for (const zone of [undefined, 'Europe/Warsaw']) await checkBillingTimeZone(eventStore, zone)
  await t.rejects(checkBillingTimeZone(eventStore, 'UTC'), { code: 'billing-time-zone-fixed' })
  t.equal(await eventStore.head(), 1)
})

void t.test('a zone comes too late when something was billed: that is in UTC', async (t) => {
  const eventStore = openLog(t)
  const others = Array.from({ length: 500 }, (_, n) => recorded(`r${n}`, '2020-01-01T00:00:00Z'))
  await eventStore.append([...others, emma()])
  await t.rejects(setBillingTimeZone(eventStore, 'Europe/Warsaw'), { code: 'billing-time-zone-fixed' })
  t.equal(await eventStore.head(), 501)
})

void t.test('what is not billed does not fix the zone', async (t) => {
  const eventStore = openLog(t)
  await eventStore.append([recorded('r', '2020-01-01T00:00:00Z'), advanced('2020-02-01T00:00:00Z')])
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  await eventStore.append([emma()])
  await setBillingTimeZone(eventStore, 'Europe/Warsaw')
  t.equal(await eventStore.head(), 4)
})

/** Another process is faster by these events, right before this one appends. */
function preceded(eventStore: EventStore, events: readonly NewEvent[]): EventStore {
  let first = true
  return decorated(eventStore, {
    append: async (...append) => {
      if (first) await eventStore.append(events)
      first = false
      return eventStore.append(...append)
    },
  })
}

void t.test('two processes that set a zone at once: the same is fine, another is refused', async (t) => {
  const same = openLog(t)
  await setBillingTimeZone(preceded(same, [billedIn('Europe/Warsaw')]), 'Europe/Warsaw')
  t.equal(await same.head(), 1)
  const other = openLog(t)
  await t.rejects(setBillingTimeZone(preceded(other, [billedIn('Asia/Tokyo')]), 'Europe/Warsaw'), {
    code: 'billing-time-zone-fixed',
    message: /billed in Asia\/Tokyo/,
  })
})

void t.test('a process that bills while another sets a zone has billed in UTC', async (t) => {
  const eventStore = openLog(t)
  const refused = { code: 'billing-time-zone-fixed', message: /billed in UTC/ }
  await t.rejects(setBillingTimeZone(preceded(eventStore, [emma()]), 'Europe/Warsaw'), refused)
  await t.rejects(setBillingTimeZone(eventStore, 'Europe/Warsaw'), refused, 'and so it stays')
  await setBillingTimeZone(eventStore, 'UTC')
})
