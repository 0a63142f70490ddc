import t from 'tap'
import {
  billingNow,
  billingTimeZoneSet,
  currentBillingMonth,
  setZone,
  unsetBillingClock,
} from '../../domain/billing-clock.js'

const at = (text: string, zone = 'UTC') => ({ zone, latest: Date.parse(text) })

void t.test('stays twelve hours behind the greatest event time', async (t) => {
  t.equal(billingNow(at('2020-02-01T12:00:00Z')), Date.parse('2020-02-01T00:00:00Z'))
  t.equal(billingNow(unsetBillingClock), -Infinity, 'nothing is late before the first event')
})

void t.test('stands in a month of its zone', async (t) => {
  t.equal(currentBillingMonth(unsetBillingClock), undefined)
  t.equal(currentBillingMonth(at('2020-02-01T11:59:59.999Z'))?.key, '2020-01')
  t.equal(currentBillingMonth(at('2020-02-01T12:00:00Z'))?.key, '2020-02')
  t.equal(currentBillingMonth(at('2020-02-01T11:00:00Z', 'Europe/Warsaw'))?.key, '2020-02')
})

void t.test('takes a zone until something was billed', async (t) => {
  t.same(setZone(unsetBillingClock, 'Asia/Tokyo'), { zone: 'Asia/Tokyo', latest: null })
  const billed = at('2020-01-01T00:00:00Z')
  t.equal(setZone(billed, 'Asia/Tokyo'), billed)
})

void t.test('the same zone in any case is the same fact', async (t) => {
  t.equal(billingTimeZoneSet('Europe/Warsaw').id, billingTimeZoneSet('europe/warsaw').id)
  t.not(billingTimeZoneSet('Europe/Warsaw').id, billingTimeZoneSet('UTC').id)
})
