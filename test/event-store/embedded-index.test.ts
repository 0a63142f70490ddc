import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { Bell } from '../../event-store/embedded/bell.js'
import { GroupCommit } from '../../event-store/embedded/commit.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { IndexFile } from '../../event-store/embedded/index.js'
import { EventLocator } from '../../event-store/embedded/locator.js'
import { LogFile } from '../../event-store/embedded/log.js'
import { Tail } from '../../event-store/embedded/tail.js'
import { openDatabase } from '../../sqlite/driver.js'
import { temporaryFolder } from '../projections/tidemark.js'

const event = (stream: string) => ({ id: randomUUID(), stream, type: 'Tested', data: {}, metadata: {} })

/** A log that one process appends to and indexes, while another one is only just opening it. */
async function twoProcesses(t: Test) {
  const folder = temporaryFolder(t)
  const writing = openEmbeddedEventStore(folder, { tail: 4_096 })
  const log = new LogFile(folder)
  const index = new IndexFile(folder, log.id, () => log.head())
  const indexed = openDatabase(join(folder, 'events-index.db'), { readOnly: true })
  t.teardown(async () => {
    indexed.close()
    await index.close()
    log.close()
    await writing.close()
  })
  const known = event('s-3')
  return {
    known,
    /** The opening process, from the moment at which it has opened its files. */
    locator: () => new EventLocator(log, index),
    commits: (locator: EventLocator) => new GroupCommit(log, locator, new Bell()),
    /** The writing process appends so much that its index takes some of it. */
    write: async () => {
      await writing.append([known])
      for (let page = 0; page < 6; page++) {
        await writing.append(Array.from({ length: 1_000 }, (_, n) => event(`s-${n % 7}`)))
      }
      const position = () =>
        (indexed.prepare('SELECT position FROM state').get() as { position: number }).position
      while (position() === 0) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

void t.test('what another process indexes while a store is opened is known', async (t) => {
  const { known, write, locator, commits } = await twoProcesses(t)
  await write()
  const { events } = await commits(locator()).append([known], [])
  t.match(events, [{ duplicate: true, revision: 0 }])
})

void t.test('so is what it indexes before a transaction fails', async (t) => {
  const { known, write, locator, commits } = await twoProcesses(t)
  const own = locator()
  await write()
  own.reset()
  const { events } = await commits(own).append([known], [])
  t.match(events, [{ duplicate: true, revision: 0 }])
})

void t.test(
  'every indexed id is known at the next opening, whenever the filter was stored last',
  async (t) => {
    const folder = temporaryFolder(t)
    const tails = 19
    for (let at = 0; at < tails; at++) {
      const index = new IndexFile(folder, 'the log', () => tails)
      t.equal(index.begin(), at)
      const tail = new Tail(at)
      tail.add(1_000 + at, tail.begin('s-1', at), at + 1)
      t.equal(await index.add(tail), 'applied')
      await index.close()
    }
    const index = new IndexFile(folder, 'the log', () => tails)
    t.teardown(() => index.close())
    t.equal(index.begin(), tails)
    const keys = Array.from({ length: tails + 1 }, (_, n) => 1_000 + n)
    t.strictSame(
      [...index.find(keys)].sort(([a], [b]) => a - b),
      keys.slice(0, tails).map((key, n) => [key, n + 1]),
    )
  },
)
