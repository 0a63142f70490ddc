import t, { type Test } from 'tap'
import type { NewEvent, RecordedEvent } from '../../domain/event.js'
import { LogUnreachable } from '../../event-store/errors.js'
import { openEventStoreDb, type EventStoreTrouble } from '../../event-store/eventstoredb/eventstoredb.js'
import type { EventStore } from '../../event-store/port.js'
import { assertGapless, event, everything } from '../contract/event-store/events.js'
import { FaultyProxy } from '../faulty-proxy.js'
import { eventStoreDbUrl, ownName } from '../servers.js'

t.setTimeout(180_000)
const url = await eventStoreDbUrl()
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 100_000)
const faultsARun = Number(process.env.FAULTS ?? 64)

if (url !== undefined) {
  const start = async (t: Test) => {
    const { host, port } = addressOf(url)
    const proxy = await FaultyProxy.start({ host, port, seed, lasting: 150 })
    t.teardown(() => proxy.close().catch(() => {}))
    return { proxy, faulty: url.replace(`${host}:${port}`, `127.0.0.1:${proxy.port}`), namespace: ownName() }
  }

  void t.test(
    `nothing is lost and nothing is twice after ${faultsARun} faults (FAULTS_SEED=${seed})`,
    async (t) => {
      const { proxy, faulty, namespace } = await start(t)
      const troubles: EventStoreTrouble[] = []
      const report = (trouble: EventStoreTrouble) => void troubles.push(trouble)
      const open = (url: string) =>
        openEventStoreDb({ url, namespace, report, patience: { answer: 150, operation: 120_000 } })
      const [writer, follower] = [await open(faulty), await open(faulty)]
      const direct = await openEventStoreDb({ url, namespace })
      t.teardown(() => Promise.all([writer, follower, direct].map((store) => store.close())))

      const stop = new AbortController()
      const seen: RecordedEvent[] = []
      const following = follow(follower, stop.signal, seen)
      const work = new Work(writer)
      const working = work.run()
      await proxy.disturb(faultsARun)
      t.comment(JSON.stringify(proxy.counts))
      await work.end(working)

      const log = await everything(direct, 500)
      check(t, work, log)
      const head = await direct.head()
      while ((seen.at(-1)?.position ?? 0) < head) await new Promise((resolve) => setTimeout(resolve, 10))
      stop.abort()
      await following
      t.strictSame(
        seen.map(({ id }) => id),
        log.map(({ id }) => id),
        'everything was followed, once and in order',
      )
      t.ok(
        troubles.some(({ during }) => during === 'append'),
        'and the trouble was told',
      )
      t.ok(troubles.some(({ during }) => during === 'follow'))
    },
  )

  void t.test('a server that comes up late is waited for', async (t) => {
    const { proxy: first, faulty, namespace } = await start(t)
    const at = first.port
    await first.close()
    let late: Promise<FaultyProxy> | undefined
    const report = ({ during }: EventStoreTrouble) => {
      t.equal(during, 'opening')
      late ??= FaultyProxy.start({ ...addressOf(url), seed, at })
    }
    const store = await openEventStoreDb({ url: faulty, namespace, report })
    t.equal((await store.append([event('a')])).events.length, 1)
    await store.close()
    await (await late)?.close()
  })

  void t.test('a log that is taken in through faults stands in its order', async (t) => {
    const { proxy, faulty, namespace } = await start(t)
    const report = ({ during, error }: EventStoreTrouble) => t.comment(`${during}: ${error.message}`)
    const store = await openEventStoreDb({
      url: faulty,
      namespace,
      report,
      patience: { answer: 150, operation: 120_000 },
    })
    t.teardown(() => store.close())
    const restore = await store.restore()
    const revisions = new Map<string, number>()
    const log: RecordedEvent[] = []
    const disturbing = proxy.disturb(20)
    let disturbed = false
    void disturbing.then(() => (disturbed = true))
    while (!disturbed) {
      const page = Array.from({ length: 100 }, (_, i): RecordedEvent => {
        const given = event(`stream-${i % 10 < 4 ? 0 : i % 23}`, i)
        const revision = (revisions.get(given.stream) ?? -1) + 1
        revisions.set(given.stream, revision)
        return { ...given, revision, position: 0, recordedTime: 1_577_836_800_000 + i }
      })
      await restore.take(page)
      log.push(...page)
    }
    await disturbing
    t.comment(`${log.length} events, ${JSON.stringify(proxy.counts)}`)
    const taken = await everything(store, 1_000)
    t.strictSame(
      taken.map((event) => ({ ...event, position: 0 })),
      log,
    )
  })
}

/** Callers who append at the same time, to streams of their own and to shared ones, and append again what failed. */
class Work {
  readonly #store: EventStore
  /** Acknowledged: id → stream and place. */
  readonly acknowledged = new Map<string, string>()
  /** How often an id was said to be new. */
  readonly news = new Map<string, number>()
  #ended = false

  constructor(store: EventStore) {
    this.#store = store
  }

  async run(): Promise<void> {
    await Promise.all(Array.from({ length: 12 }, (_, caller) => this.#call(caller)))
  }

  async end(working: Promise<void>): Promise<void> {
    this.#ended = true
    await working
  }

  async #call(caller: number): Promise<void> {
    let revision = -1
    for (let turn = 0; !this.#ended; turn++) {
      const own = Array.from({ length: 1 + (turn % 3) }, () => event(`own-${caller}`, turn))
      const page = [...own, event(`shared-${turn % 5}`, turn), event(`shared-${(turn + caller) % 5}`, turn)]
      const expected = revision < 0 ? ('none' as const) : revision
      await this.#append(page, [{ stream: `own-${caller}`, revision: expected }])
      // Appended again, it is answered as the first time.
      if (turn % 4 === 0) await this.#append(page, [{ stream: `own-${caller}`, revision: expected }])
      revision += own.length
    }
  }

  async #append(page: NewEvent[], expect: Parameters<EventStore['append']>[1]): Promise<void> {
    for (;;) {
      try {
        const { events } = await this.#store.append(page, expect)
        for (const [i, { id, stream }] of page.entries()) {
          const { revision, position, duplicate } = events[i]!
          const place = `${stream} ${revision} ${position}`
          const before = this.acknowledged.get(id)
          if (before !== undefined && before !== place) throw new Error(`${id}: ${before}, then ${place}`)
          this.acknowledged.set(id, place)
          if (!duplicate) this.news.set(id, (this.news.get(id) ?? 0) + 1)
        }
        return
      } catch (error) {
        if (!(error instanceof LogUnreachable)) throw error
      }
    }
  }
}

function check(t: Test, { acknowledged, news }: Work, log: readonly RecordedEvent[]): void {
  t.comment(`${log.length} events`)
  t.equal(new Set(log.map(({ id }) => id)).size, log.length, 'no id is there twice')
  assertGapless(t, log)
  t.strictSame(
    new Map(log.map(({ id, stream, revision, position }) => [id, `${stream} ${revision} ${position}`])),
    new Map(log.map(({ id }) => [id, acknowledged.get(id)])),
    'every event stands where it was said to stand',
  )
  t.equal(acknowledged.size, log.length, 'nothing that was acknowledged is missing')
  t.ok(Math.max(...news.values()) === 1, 'no event was said to be new more than once')
}

async function follow(store: EventStore, signal: AbortSignal, seen: RecordedEvent[]): Promise<void> {
  for await (const page of store.follow({ after: 0, limit: 64 }, signal)) seen.push(...page.events)
}

function addressOf(url: string): { host: string; port: number } {
  const [, host = '127.0.0.1', port = '2113'] = /\/\/(?:[^@]*@)?([^:/?]+)(?::(\d+))?/.exec(url) ?? []
  return { host, port: Number(port) }
}
