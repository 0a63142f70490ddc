import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { kinds } from '../../bridge/formats/kinds.js'
import { generateMoney, moneyLines, moneyTopics, type MoneySample } from '../../cli/samples/money.js'

const sample: MoneySample = { users: 30, events: 3_000, seed: 1, duplicates: 0.1, disorder: 0.1, late: 0.05 }

interface Told {
  readonly type: string
  readonly id: string
  readonly processedAt: string
  readonly userSessionId?: string
  readonly openingBalance?: string
  readonly closingBalance?: string
  readonly userId: string
}

function told(change: Partial<MoneySample> = {}) {
  return Array.from(moneyLines({ ...sample, ...change }), ({ topic, line }) => ({
    topic,
    ...(JSON.parse(line) as Told),
  }))
}

void t.test('the same seed gives the same lines, another seed others', async (t) => {
  t.ok(JSON.stringify(told()) === JSON.stringify(told()))
  t.ok(JSON.stringify(told({ seed: 2 })) !== JSON.stringify(told()))
})

void t.test('every record is one that is taken, or has only its time', async (t) => {
  const types = new Map<string, number>()
  for (const { topic, line } of moneyLines(sample)) {
    const record = JSON.parse(line) as Told
    const event = kinds[topic].event(kinds[topic].parse(record) as never, { source: 'x' })
    const type = event?.type ?? 'ignored'
    types.set(type, (types.get(type) ?? 0) + 1)
  }
  t.same([...types.keys()].sort(), [
    'AddressChanged',
    'BirthDateChanged',
    'MoneyClockAdvanced',
    'PaymentRecorded',
    'SessionCreated',
    'TransactionRecorded',
  ])
})

void t.test('duplicates, disorder and late records come at the rates that are asked for', async (t) => {
  const money = (records: ReturnType<typeof told>) =>
    records.filter(({ type }) => type === 'PaymentEvent' || type === 'TransactionEvent')
  const straight = money(told({ duplicates: 0, disorder: 0, late: 0 }))
  t.equal(straight.length, 3_000)
  const times = straight.map(({ processedAt }) => processedAt)
  t.same(times, [...times].sort())
  const bad = money(told())
  t.equal(new Set(bad.map(({ id }) => id)).size, 3_000, 'all of them come')
  const extra = bad.length - 3_000
  t.ok(extra > 200 && extra < 400, `${extra} duplicates`)
  let latest = ''
  const late = bad.filter(({ processedAt }) => {
    const isLate = processedAt < latest
    if (!isLate) latest = processedAt
    return isLate
  })
  t.ok(late.length > 400, `${late.length} out of order`)
})

void t.test('balances go on from each other, and sessions are shared', async (t) => {
  const straight = told({ duplicates: 0, disorder: 0, late: 0 })
  const balances = new Map<string, string>()
  const gaps = straight.filter(({ userId, openingBalance, closingBalance = '' }) => {
    if (openingBalance === undefined) return false
    const before = balances.get(userId) ?? openingBalance
    balances.set(userId, closingBalance)
    return openingBalance !== before
  })
  t.equal(gaps.length, 0)
  const sessions = straight.flatMap(({ userSessionId }) => userSessionId ?? [])
  t.ok(new Set(sessions).size < sessions.length / 4, 'several in each')
})

void t.test('writes a file for each topic', async (t) => {
  const out = t.testdir()
  const { files, records } = await generateMoney({ ...sample, out })
  t.equal(files, 3)
  t.same((await readdir(out)).sort(), moneyTopics.map((topic) => `${topic}.ndjson`).sort())
  let lines = 0
  for (const topic of moneyTopics) {
    const text = await readFile(join(out, `${topic}.ndjson`), 'utf8')
    const expected = Array.from(moneyLines(sample)).filter((one) => one.topic === topic)
    t.equal(text, expected.map(({ line }) => `${line}\n`).join(''))
    lines += expected.length
  }
  t.equal(records, lines)
})
