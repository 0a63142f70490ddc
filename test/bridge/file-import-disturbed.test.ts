import { appendFileSync, statSync, utimesSync } from 'node:fs'
import t from 'tap'
import { FileChanged, importFile } from '../../bridge/file-import.js'
import type { EventStore } from '../../event-store/port.js'
import { Countdown, stoppingAppends, Stopped, unansweredAppends } from '../projections/stopping.js'
import { temporaryFolder, wholeLog } from '../projections/tidemark.js'
import { fileOf, line, manyLines } from './importing.js'
import { openLog } from '../event-store/open-log.js'

/** The ids of the facts in the log, in their order. */
async function facts(eventStore: EventStore): Promise<string[]> {
  return (await wholeLog(eventStore, ['subscriber', 'agreement', 'deadletter'])).map(({ id }) => id)
}

void t.test('wherever an import is stopped, the next one goes on and ends in the same log', async (t) => {
  const path = fileOf(t, 'nonsense\n' + manyLines(6_000) + line('record-3', 4) + line('record-4', 4))
  const counts = { read: 6_003, appended: 6_000, duplicates: 1, ignored: 0, rejected: 2 }
  const undisturbed = openLog(t)
  t.same(await importFile(undisturbed, 'data-records', path), counts)
  const expected = await facts(undisturbed)
  for (let appends = 0; ; appends++) {
    const eventStore = openLog(t)
    const stopping = (appends % 2 === 0 ? stoppingAppends : unansweredAppends)(
      eventStore,
      new Countdown(appends),
    )
    const outcome = await importFile(stopping, 'data-records', path).catch((error: unknown) => error)
    if (!(outcome instanceof Stopped)) {
      t.same(outcome, counts)
      t.ok(appends >= 5, `${appends} appends`)
      break
    }
    const again = await importFile(eventStore, 'data-records', path)
    const complete = { ...counts, appended: 0, duplicates: 6_001 }
    t.same(again, again.appended > 0 ? counts : complete, `stopped after ${appends} appends`)
    t.same(await facts(eventStore), expected)
  }
})

void t.test('goes on behind what is in the log, not from the start', async (t) => {
  const path = fileOf(t, manyLines(20_000))
  const eventStore = openLog(t)
  const seen: number[] = []
  await t.rejects(importFile(stoppingAppends(eventStore, new Countdown(3)), 'data-records', path), Stopped)
  await importFile(eventStore, 'data-records', path, ({ bytes, totalBytes }) => {
    t.equal(totalBytes, statSync(path).size)
    seen.push(bytes)
  })
  // Two reads were in the log.
  t.ok(seen[0]! > 2 * 64 * 1024 - 100, `the first page ends at byte ${seen[0]}`)
  t.equal(seen.at(-1), statSync(path).size)
  t.same(
    seen,
    [...seen].sort((a, b) => a - b),
  )
})

void t.test('a file that changes while it is read is not taken for complete', async (t) => {
  const path = fileOf(t, manyLines(10_000))
  const eventStore = openLog(t)
  let changed = false
  const changing = importFile(eventStore, 'data-records', path, () => {
    if (!changed) appendFileSync(path, line('one more'))
    changed = true
  })
  await t.rejects(changing, { code: 'file-changed' })
  t.match(await importFile(eventStore, 'data-records', path), { read: 10_001, rejected: 0 })
  t.equal(new Set(await facts(eventStore)).size, 10_001)
  t.equal((await facts(eventStore)).length, 10_001)
})

void t.test('of a file that grows meanwhile, nothing is taken that may go on', async (t) => {
  const path = fileOf(t, manyLines(2_000) + 'cut;2020-01-10T00:00:00Z;4')
  const eventStore = openLog(t)
  let written = false
  const growing = importFile(eventStore, 'data-records', path, () => {
    if (!written) appendFileSync(path, '8100200300;7\n')
    written = true
  })
  await t.rejects(growing, { code: 'file-changed' })
  t.match(await importFile(eventStore, 'data-records', path), { read: 2_001, rejected: 0 })
})

void t.test('billable events are not taken twice: the message says where to go on', async (t) => {
  const path = fileOf(t, Array.from({ length: 9_000 }, (_, n) => `${n},Emma,1.00,DATA\n`).join(''))
  const eventStore = openLog(t)
  let written = false
  const growing = importFile(eventStore, 'billable-events', path, () => {
    if (!written) appendFileSync(path, '1,Emma,1.00,DATA\n')
    written = true
  })
  const error = await growing.catch((thrown: unknown) => thrown)
  if (!(error instanceof FileChanged)) throw error
  t.match(error.message, `lines 1 to ${error.line - 1} are in the log`)
  t.equal((await wholeLog(eventStore, ['customer'])).length, error.line - 1)
})

void t.test('so is one that was written anew at the same length', async (t) => {
  const path = fileOf(t, manyLines(10))
  const eventStore = openLog(t)
  const changing = importFile(eventStore, 'data-records', path, () => {
    utimesSync(path, new Date(), new Date(Date.UTC(2030, 0, 1)))
  })
  await t.rejects(changing, { code: 'file-changed' })
})

void t.test('of two imports of one file at once, both together bring every record once', async (t) => {
  const folder = temporaryFolder(t)
  const stores = [openLog(t, folder), openLog(t, folder)]
  const path = fileOf(t, manyLines(8_000))
  const outcomes = await Promise.allSettled(stores.map((store) => importFile(store, 'data-records', path)))
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') t.equal(outcome.value.read, 8_000)
    else t.match(outcome.reason, { code: 'source-fenced' })
  }
  t.ok(outcomes.some(({ status }) => status === 'fulfilled'))
  const ids = await facts(stores[0]!)
  t.equal(ids.length, 8_000)
  t.equal(new Set(ids).size, 8_000)
})
