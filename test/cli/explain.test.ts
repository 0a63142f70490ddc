import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { tidemark } from './tidemark-command.js'

t.setTimeout(180_000)

void t.test('tidemark explain', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-explain-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const run = (...args: string[]) => tidemark(folder, {}, ...args)
  const agreement = {
    id: 'a',
    msisdn: '1',
    signedAt: '2019-12-01T00:00Z',
    serviceStartAt: '2020-01-01T00:00Z',
    billingPeriodTimeZone: 'UTC',
    maxBytesInBillingPeriod: 1_000,
  }
  writeFileSync(join(folder, 'agreements.ndjson'), `${JSON.stringify(agreement)}\n`)
  const records = Array.from({ length: 1_200 }, (_, n) => `r${n};2020-01-05T00:00Z;1;${n}\n`)
  writeFileSync(join(folder, 'records.csv'), records.join(''))
  await run('import', 'agreements', 'agreements.ndjson')
  t.match((await run('import', 'data-records', 'records.csv')).stdout, /1200/)

  await t.test('prints every event and what they add up to', async (t) => {
    const { code, stdout, stderr } = await run('explain', 'billing-period', 'a', '2020-01')
    t.same([code, stderr], [0, ''])
    t.match(
      stdout,
      /^billing-period: totalRecordedBytes is 719400 bytes, from 1200 events up to position \d+\n/,
    )
    const steps = stdout.split('\n').filter((line) => line.startsWith('subscriber-1 '))
    t.equal(steps.length, 1_200)
    t.match(steps.at(-1), /DataRecorded +2020-01-05T00:00:00Z +1199 +719400 +only-agreement/)
    t.match(stdout, /\nagreement-a .* counts records from then on\n/)
    t.match(stdout, /\nbilling-period-a-2020-01 .* DataPlanExceeded .* 1035\n/)
  })

  await t.test('prints one document as JSON', async (t) => {
    const { code, stdout } = await run('explain', 'billing-period', 'a', '2020-01', '--json')
    t.equal(code, 0)
    const explanation = JSON.parse(stdout) as {
      steps: { amount: number }[]
      outcomes: object[]
      figure: object
    }
    t.match(explanation.figure, { name: 'totalRecordedBytes', value: 719_400, unit: 'bytes', events: 1_200 })
    t.equal(
      explanation.steps.reduce((sum, { amount }) => sum + amount, 0),
      719_400,
    )
    t.equal(explanation.outcomes.length, 1)
    t.notOk('next' in explanation, 'it has all pages')
  })

  await t.test('says what is wrong', async (t) => {
    const wrong: [string[], number, RegExp][] = [
      [['billing-period', 'b', '2020-01'], 1, /no agreement "b"/],
      [['billing-period', 'a', '2020-1'], 2, /month is "2020-1": it takes a month as yyyy-MM/],
      [['billing-period', 'a'], 2, /billing-period is named by <id> <month>/],
      [['weather', 'a'], 2, /nothing called "weather" to explain: take billing-period <id> <month>, /],
    ]
    for (const [args, code, message] of wrong) {
      const ran = await run('explain', ...args)
      t.same([ran.code, ran.stdout], [code, ''], args.join(' '))
      t.match(ran.stderr, message)
    }
  })
})
