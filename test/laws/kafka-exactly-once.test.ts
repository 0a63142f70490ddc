import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { BridgeReport } from '../../bridge/kafka/reports.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { SourceCounts } from '../../domain/source.js'
import { openEmbeddedEventStore, type EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import type { BridgeProcessOptions } from '../bridge/kafka-bridge-process.js'
import { until, withKafka } from '../bridge/kafka-server.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'

const records = 20_000
const partitions = 6
const subscribers = 97
const kills = 10
const rebalances = 10
/** Before these steps a member is held up until the group has given its partitions to others. */
const freezes = [5, 9, 13]
// Members that were killed are missed for as long as their sessions last.
t.setTimeout(240_000)
const program = fileURLToPath(new URL('../bridge/kafka-bridge-process.js', import.meta.url))

await withKafka(t, (kafka) => {
  void t.test(`law 2: ${kills} kills and ${rebalances} rebalances bring every record once`, async (t) => {
    const folder = temporaryFolder(t)
    const settings = await kafka.settings(partitions)
    const { session } = kafka
    const options: BridgeProcessOptions = {
      ...{ folder, settings, recordsAPage: 100, patience: 20_000 },
      times: { session, heartbeat: session / 5, fetch: 50, display: 500 },
    }
    const eventStore = openEmbeddedEventStore(folder)
    const members: Member[] = []
    const join = () => {
      const member = new Member(options)
      members.push(member)
      return member
    }
    t.teardown(async () => {
      await Promise.all(members.map((member) => member.end('SIGKILL')))
      await eventStore.close()
    })

    const steps = kills + rebalances
    let sent = 0
    const send = async (count: number) => {
      const messages = Array.from({ length: count }, (_, n) => message(sent + n))
      sent += count
      await kafka.send(settings.records, messages)
    }
    const pair = [join(), join()]
    await Promise.all(pair.map((member) => member.assigned()))
    let third: Member | undefined
    for (let step = 0; step < steps; step++) {
      const before = await eventStore.head()
      const frozen = freezes.includes(step) ? pair[step % 2] : undefined
      await send(records / steps)
      if (frozen) {
        frozen.signal('SIGSTOP')
        await reaches(eventStore, before + records / steps, session * 3)
        frozen.signal('SIGCONT')
      }
      // Somewhere in the middle of it, mostly.
      const target = before + Math.floor((Math.random() * records) / steps)
      await reaches(eventStore, target, session * 2)
      if (step % 2 === 0) {
        const victim = Math.floor(Math.random() * 2)
        await pair[victim]!.end('SIGKILL')
        pair[victim] = join()
      } else if (third) {
        t.equal(await third.end('SIGTERM'), 0, 'it leaves in order')
        third = undefined
      } else {
        third = join()
        await third.assigned()
      }
    }
    t.equal(sent, records)
    await until(async () => {
      const log = (await eventStore.head()) >= records ? await wholeLog(eventStore, ['source']) : []
      return sumOf(countsIn(log), 'read') === records
    })
    for (const member of [...pair, ...(third ? [third] : [])]) {
      await member.assigned()
      t.equal(await member.end('SIGTERM'), 0, 'it ends in order')
    }

    const log = await wholeLog(eventStore)
    check(t, log, settings.records)
    const reports = members.flatMap((member) => member.reports)
    const assignments = reports.filter(({ type }) => type === 'assigned').length
    t.ok(assignments >= kills + rebalances, `the group was put together ${assignments} times`)
    t.comment(`${reports.filter(({ type }) => type === 'fenced').length} readers were fenced`)
    t.same(
      reports.filter(({ type }) => type === 'lost'),
      [],
    )
  })
})

/** A bridge in a process of its own. */
class Member {
  readonly reports: BridgeReport[] = []
  readonly #process: ChildProcess
  readonly #ended: Promise<number | null>
  #isAssigned = () => {}
  readonly #assigned = new Promise<void>((resolve) => (this.#isAssigned = resolve))

  constructor(options: BridgeProcessOptions) {
    const child = spawn(process.execPath, [program, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#process = child
    this.#ended = once(child, 'exit').then(([code]) => code as number | null)
    createInterface({ input: child.stdout }).on('line', (line) => {
      const report = JSON.parse(line) as BridgeReport
      this.reports.push(report)
      if (report.type === 'assigned') this.#isAssigned()
    })
  }

  /** Resolves when the group has taken it in. */
  assigned(): Promise<unknown> {
    return Promise.race([this.#assigned, this.#ended])
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal)
  }

  /** Answers its exit code; null if it was killed. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    this.signal(signal)
    return this.#ended
  }
}

/** Records of one subscriber have numbers that grow. They come in the order of one partition: their key is the same. */
function message(n: number) {
  const msisdn = String(n % subscribers)
  return { key: msisdn, value: `${n};2020-01-10T00:00:00Z;${msisdn};${n}` }
}

async function reaches(eventStore: EmbeddedEventStore, position: number, patience: number): Promise<void> {
  const late = performance.now() + patience
  await until(async () => performance.now() > late || (await eventStore.head()) >= position)
}

function check(
  t: { equal(a: unknown, b: unknown, message: string): unknown },
  log: readonly RecordedEvent[],
  topic: string,
): void {
  const facts = log.filter(({ type }) => type === 'DataRecorded')
  t.equal(facts.length, records, 'every record is there')
  t.equal(new Set(log.map(({ id }) => id)).size, log.length, 'no id is there twice')
  t.equal(log.filter(({ type }) => type === 'RecordRejected').length, 0, 'and nothing was refused')
  const last = new Map<string, number>()
  const disordered = [...facts]
    .sort((a, b) => a.position - b.position)
    .filter(({ data }) => {
      const { msisdn, recordedBytes } = data as { msisdn: string; recordedBytes: number }
      const isBefore = recordedBytes <= (last.get(msisdn) ?? -1)
      last.set(msisdn, recordedBytes)
      return isBefore
    })
  t.equal(disordered.length, 0, 'the records of each key are in their order')
  const coordinates = new Set(facts.map(({ metadata }) => metadata.source))
  t.equal(coordinates.size, records, 'each has a coordinate of its own')
  t.equal(
    [...coordinates].filter((source) => !source?.startsWith(`kafka:${topic}/`)).length,
    0,
    'in the topic',
  )
  const counts = countsIn(log)
  t.equal(sumOf(counts, 'appended'), records, 'the sources have counted every record once')
  const other = sumOf(counts, 'duplicates') + sumOf(counts, 'rejected') + sumOf(counts, 'ignored')
  t.equal(other, 0, 'and none as anything else')
}

/** What has come of each partition, as far as the log says. */
function countsIn(log: readonly RecordedEvent[]): readonly SourceCounts[] {
  const counts = new Map<string, SourceCounts>()
  for (const { type, stream, data } of log) {
    if (type === 'SourceProgressed' && stream.startsWith('source-data-records-')) {
      counts.set(stream, (data as { counts: SourceCounts }).counts)
    }
  }
  return [...counts.values()]
}

function sumOf(counts: readonly SourceCounts[], name: keyof SourceCounts): number {
  return counts.reduce((sum, each) => sum + each[name], 0)
}
