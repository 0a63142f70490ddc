import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { parseBillableEventLine } from '../../bridge/formats/billable-event-csv.js'
import { billingFiles, generateBilling, knownTotals, type BillingSample } from '../../cli/samples/billing.js'
import { monthAt } from '../../domain/time-zone.js'

const sample: BillingSample = {
  customers: 7,
  events: 2_000,
  months: 4,
  seed: 1,
  disorder: 0.2,
  late: 0.05,
  duplicates: 0.5,
}

/** All files, in memory. */
function filesOf(change: Partial<BillingSample> = {}) {
  return Array.from(billingFiles({ ...sample, ...change }), ({ name, lines }) => ({
    name,
    lines: [...lines],
  }))
}

/** What events come to, by customer and month, in cents. */
function sumsOf(lines: readonly string[], zone = 'UTC'): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { customer, timestampMs, amountCents } of lines.map(parseBillableEventLine)) {
    const id = `${customer} ${monthAt(zone, timestampMs).key}`
    sums.set(id, (sums.get(id) ?? 0) + amountCents)
  }
  return sums
}

const known = (change: Partial<BillingSample> = {}) =>
  Array.from(knownTotals({ ...sample, ...change }), ({ customer, month, totalCents }) => [
    `${customer} ${month}`,
    totalCents,
  ])
const sorted = (sums: Map<string, number>) => [...sums].sort()

t.setTimeout(180_000)

void t.test(
  'every customer’s month comes to its known total, whatever the seed and the shares are',
  async (t) => {
    const changes = [
      {},
      { seed: 2 },
      { late: 0, disorder: 0 },
      { late: 1, disorder: 1 },
      { events: 40 },
      { customers: 1 },
    ]
    for (const change of changes) {
      const lines = filesOf(change).flatMap(({ lines }) => lines)
      t.equal(lines.length, change.events ?? 2_000)
      t.same(sorted(sumsOf(lines)), known(change).sort(), JSON.stringify(change))
    }
    t.match(known(), [
      ['Emma 2020-01', 1001],
      ['Emma 2020-02', 1002],
    ])
  },
)

void t.test('in every time zone', async (t) => {
  const lines = filesOf().flatMap(({ lines }) => lines)
  for (const zone of ['Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Europe/Warsaw']) {
    t.same(sorted(sumsOf(lines, zone)), known().sort(), zone)
  }
})

void t.test('customers without an event in a month have no total', async (t) => {
  const change = { customers: 9, events: 10, months: 3, late: 0 }
  const lines = filesOf(change).flatMap(({ lines }) => lines)
  t.same(sorted(sumsOf(lines)), known(change).sort())
  t.equal(known(change).length, 10)
})

void t.test('the same seed gives the same bytes, another one others', async (t) => {
  t.same(filesOf(), filesOf())
  t.notSame(filesOf(), filesOf({ seed: 2 }))
})

void t.test('disorder and lateness have their shares', async (t) => {
  const outOfOrder = (lines: readonly string[]) => {
    let latest = -Infinity
    return lines.filter((line) => {
      const { timestampMs } = parseBillableEventLine(line)
      const behind = timestampMs < latest
      latest = Math.max(latest, timestampMs)
      return behind
    }).length
  }
  const late = (files: ReturnType<typeof filesOf>) =>
    files.flatMap(({ name, lines }) =>
      lines.filter((line) => !name.endsWith([...sumsOf([line]).keys()][0]!.slice(-7))),
    ).length
  const tidy = filesOf({ disorder: 0, late: 0 })
  t.equal(outOfOrder(tidy.flatMap(({ lines }) => lines)), 0)
  t.equal(late(tidy), 0)
  const shuffled = outOfOrder(filesOf({ late: 0 }).flatMap(({ lines }) => lines))
  t.ok(shuffled > 250 && shuffled < 450, `${shuffled} of 2000 out of order`)
  const tooLate = late(filesOf())
  t.ok(tooLate > 40 && tooLate < 120, `${tooLate} of 1500 late`)
})

void t.test('disorder alone makes nothing late: twelve hours are more than it takes', async (t) => {
  let latest = -Infinity
  const late = filesOf({ late: 0, disorder: 1 })
    .flatMap(({ lines }) => lines)
    .filter((line) => {
      const { timestampMs } = parseBillableEventLine(line)
      latest = Math.max(latest, timestampMs)
      return monthAt('UTC', latest - 12 * 3_600_000).start > monthAt('UTC', timestampMs).start
    })
  t.same(late, [])
})

void t.test('writes the files whole, some of them twice, and the totals beside them', async (t) => {
  const out = t.testdir()
  const seen: number[] = []
  const onProgress = (done: { records: number; total: number }) => seen.push(done.records / done.total)
  // What a longer sample left is removed; a file of somebody else is not.
  await generateBilling({ ...sample, months: 6, out })
  await writeFile(join(out, 'billable-events', 'mine.csv'), '')
  const generated = await generateBilling({ ...sample, out, onProgress })
  const files = filesOf()
  const repeated = files[0]!.lines.length + files[1]!.lines.length
  t.match(generated, { files: 7, records: 2_000, repeated, totalEur: '1120.70' })
  t.equal(seen.at(-1), 1)
  t.same((await readdir(out)).sort(), ['billable-events', 'totals.csv'])
  const read = (name: string) => readFile(join(out, 'billable-events', name), 'utf8')
  t.same((await readdir(join(out, 'billable-events'))).sort(), [
    'bill_000_2020-01.csv',
    'bill_000_2020-01_again.csv',
    'bill_001_2020-02.csv',
    'bill_001_2020-02_again.csv',
    'bill_002_2020-03.csv',
    'bill_003_2020-04.csv',
    'mine.csv',
  ])
  for (const { name, lines } of files)
    t.equal(await read(`${name}.csv`), lines.map((line) => `${line}\n`).join(''))
  t.equal(await read('bill_000_2020-01_again.csv'), await read('bill_000_2020-01.csv'))
  const totals = (await readFile(join(out, 'totals.csv'), 'utf8')).trimEnd().split('\n')
  t.equal(totals[0], 'customer,month,totalEUR')
  t.equal(totals[1], 'Emma,2020-01,10.01')
  t.equal(totals.length, 1 + 7 * 4)
})
