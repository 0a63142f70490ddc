import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { dataPlanAgreements, dataPlanFiles, generateDataPlan } from '../../cli/samples/data-plan.js'
import { JavaRandom } from '../../cli/samples/java-random.js'
import { parseAgreement } from '../../domain/agreement-input.js'
import { parseDataRecordLine } from '../../bridge/formats/data-record-csv.js'
import { parseTimestamp } from '../../domain/timestamp.js'

/** All files of data records, in memory. */
function filesOf(subscribers: number, months: number) {
  return Array.from(dataPlanFiles({ subscribers, months }), ({ name, lines }) => ({
    name,
    lines: [...lines],
  }))
}

const BOUNDS = [1, 2, 3, 10, 16, 1000, 2 ** 30, 2 ** 30 + 1, 1610612737, 2 ** 31 - 1]

/** What java.util.Random of JDK 17 gave: three integers for each bound, three doubles, eleven bytes, two shuffles. */
const FROM_JAVA = [
  {
    seed: 0n,
    integers:
      '0 0 0 1 1 0 2 0 0 4 7 7 6 9 15 844 84 875 1010658620 188953660 295229571 672024888 276804524 790221947 ' +
      '314824652 1514351260 49903503 2977882 1174114692 19810223',
    doubles: [0.9644868606768501, 0.10449068625097169, 0.6251463634655593],
    bytes: '9bf02969ca42d203e566bc',
    below100: 35,
    shuffles: ['11 7 10 3 6 4 1 9 2 5 0 8', '7 6 10 11 2 4 3 9 8 0 1 5'],
  },
  {
    seed: -1n,
    integers:
      '0 0 0 1 1 1 0 0 1 1 8 2 0 1 1 250 69 972 600547343 785472327 643416308 754206257 975495143 720466900 ' +
      '499582545 6265644 378035946 325038220 1742348424 1490692733',
    doubles: [0.2387231306061055, 0.10828668916950168, 0.5962929479907949],
    bytes: 'd680e4f14295a749c6dc0a',
    below100: 57,
    shuffles: ['2 4 6 9 10 5 1 3 7 8 0 11', '9 6 0 2 11 5 10 4 8 1 7 3'],
  },
  {
    seed: 123456789012345n,
    integers:
      '0 0 0 1 1 1 1 0 1 4 3 1 11 1 4 241 67 28 721008113 239569296 104330787 993454809 661249147 370477417 ' +
      '246382167 1265088669 214121746 1201151672 916301524 1471013793',
    doubles: [0.9397491356830991, 0.07714720908385964, 0.2850128195283179],
    bytes: 'c3b38121d9b70a013745aa',
    below100: 30,
    shuffles: ['11 10 1 4 5 7 8 2 6 3 0 9', '7 11 8 9 1 0 5 2 10 4 3 6'],
  },
]

t.setTimeout(180_000)

void t.test('JavaRandom gives what java.util.Random gives', async (t) => {
  for (const { seed, integers, doubles, bytes, below100, shuffles } of FROM_JAVA) {
    const random = new JavaRandom(seed)
    t.equal(BOUNDS.flatMap((bound) => [1, 2, 3].map(() => random.nextInt(bound))).join(' '), integers)
    t.same(
      doubles.map(() => random.nextDouble()),
      doubles,
    )
    t.equal(Buffer.from(random.nextBytes(11)).toString('hex'), bytes)
    t.equal(random.nextInt(100), below100)
    const list = Array.from({ length: 12 }, (_, i) => i)
    for (const shuffled of shuffles) {
      random.shuffle(list)
      t.equal(list.join(' '), shuffled, 'a shuffle goes on from the order of the one before')
    }
  }
})

void t.test('the check of docs/semantics.md: 1 subscriber, 1 month', async (t) => {
  const [agreement] = [...dataPlanAgreements(1)].map((line) => parseAgreement(JSON.parse(line)))
  t.match(agreement, {
    id: '0b12c601-9287-3f5c-a78c-df508fe0f889',
    msisdn: '48917846822',
    signedAt: parseTimestamp('2019-12-20T00:00+01:00'),
    serviceStartAt: parseTimestamp('2020-01-01T00:00+01:00'),
    billingPeriodTimeZone: 'Europe/Warsaw',
    maxBytesInBillingPeriod: 5368709120,
  })
  const end = parseTimestamp('2020-02-01T00:00+01:00')
  const records = filesOf(1, 1)
    .flatMap((file) => file.lines.map(parseDataRecordLine))
    .filter((record) => record.recordedAt < end)
  let total = 0
  const running = records.map((record) => ({ ...record, total: (total += record.recordedBytes) }))
  t.match(
    running.find((record) => record.total >= 5368709120),
    {
      total: 5697948758,
      recordedAt: parseTimestamp('2020-01-10T23:00:00Z'),
      externalRecordId: '523d8cc7-e611-3508-90bc-fab260b2973e',
    },
  )
  t.match(running.at(-1), {
    total: 13559994361,
    recordedAt: parseTimestamp('2020-01-30T23:00:00Z'),
    externalRecordId: 'b58a3008-23a9-384c-b4e6-2cc837d1ef07',
  })
})

void t.test('fields, names and times are written as Java writes them', async (t) => {
  t.equal(
    [...dataPlanAgreements(1)][0],
    '{"id":"0b12c601-9287-3f5c-a78c-df508fe0f889","msisdn":"48917846822",' +
      '"signedAt":"2019-12-20T00:00+01:00[Europe/Warsaw]","serviceStartAt":"2020-01-01T00:00+01:00[Europe/Warsaw]",' +
      '"billingPeriodTimeZone":"Europe/Warsaw","maxBytesInBillingPeriod":5368709120}',
  )
  const [january, february] = filesOf(1, 2)
  t.equal(january?.name, 'idr_000_2020-01-02_1349856c-14bb-33a0-ae31-b3df49201961.csv')
  t.equal(
    january?.lines[0],
    '8aae90a1-c2e7-33e5-9fab-f8f3e1900906;2020-01-02T00:00+01:00[Europe/Warsaw];48917846822;825012938',
  )
  t.equal(january?.lines.length, 31)
  t.match(february?.name, /^idr_001_2020-02-02_/)
})

void t.test('a step is a day of physical time: in summer the clock shows one', async (t) => {
  const times = filesOf(1, 11).map((file) => file.lines.map((line) => line.split(';')[1] ?? ''))
  const all = times.flat()
  t.ok(all.includes('2020-03-29T00:00+01:00[Europe/Warsaw]'))
  t.ok(all.includes('2020-03-30T01:00+02:00[Europe/Warsaw]'))
  t.ok(all.includes('2020-10-25T01:00+02:00[Europe/Warsaw]'))
  t.ok(all.includes('2020-10-26T00:00+01:00[Europe/Warsaw]'))
  const instants = all.map(parseTimestamp)
  t.ok(instants.every((ms, i) => ms === (instants[0] ?? 0) + i * 86_400_000))
  t.equal(times[2]?.at(-1), '2020-04-01T01:00+02:00[Europe/Warsaw]', 'before 2 April at midnight')
  t.equal(times[3]?.[0], '2020-04-02T01:00+02:00[Europe/Warsaw]')
})

void t.test('each time has one record of every subscriber, in another order', async (t) => {
  const [file] = filesOf(5, 1)
  const msisdns = (file?.lines ?? []).map((line) => line.split(';')[2])
  const [first, second] = [msisdns.slice(0, 5), msisdns.slice(5, 10)]
  t.equal(new Set(first).size, 5)
  t.same([...first].sort(), [...second].sort())
  t.notSame(first, second)
})

void t.test('is byte for byte what the same algorithm gives on the JDK', async (t) => {
  // 7 subscribers and 14 months by a program on java.util.Random, Collections.shuffle and java.time of JDK 17.
  const hash = createHash('sha256')
  for (const line of dataPlanAgreements(7)) hash.update(`${line}\n`)
  for (const { name, lines } of filesOf(7, 14))
    hash.update(`${name}\n${lines.map((line) => `${line}\n`).join('')}`)
  t.equal(hash.digest('hex'), 'ff593bec19b94ed5b9b1886f71bde853f71554489135c6600f86a6ea666be049')
})

void t.test('writes the files whole and counts data records', async (t) => {
  const out = t.testdir()
  const seen: number[] = []
  const done = await generateDataPlan({
    subscribers: 300,
    months: 2,
    out,
    onProgress: ({ records, total }) => seen.push(records / total),
  })
  const records = (31 + 29) * 300
  t.same(done, { files: 3, records })
  t.same((await readdir(out)).sort(), ['agreements.ndjson', 'incoming-data-records'])
  const files = filesOf(300, 2)
  t.same(
    (await readdir(join(out, 'incoming-data-records'))).sort(),
    files.map((file) => file.name),
  )
  for (const { name, lines } of files) {
    t.equal(
      await readFile(join(out, 'incoming-data-records', name), 'utf8'),
      lines.map((line) => `${line}\n`).join(''),
    )
  }
  const agreements = await readFile(join(out, 'agreements.ndjson'), 'utf8')
  t.equal(agreements, [...dataPlanAgreements(300)].map((line) => `${line}\n`).join(''))
  t.ok(seen.length > 2, 'a block at a time')
  t.same(seen, [...seen].sort())
  t.equal(seen.at(-1), 1)
})
