import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { BatchWriter } from '../../sqlite/batch-writer.js'
import { openDatabase } from '../../sqlite/driver.js'
import { LateWriter } from '../../sqlite/late-writer.js'

const insert = 'INSERT INTO t VALUES (?)'
const create = { statements: [{ sql: 'CREATE TABLE IF NOT EXISTS t (id PRIMARY KEY)', columns: [] }] }

function lateWriter(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-late-writer-'))
  const path = join(folder, 'later', 'test.db')
  const late = new LateWriter(path, { synchronous: 'NORMAL' })
  t.teardown(async () => {
    await late.close()
    rmSync(folder, { recursive: true })
  })
  return { late, path, makeFolder: () => mkdirSync(dirname(path)) }
}

/** Where it writes many rows. */
function threadOf(late: LateWriter): Promise<BatchWriter> | undefined {
  return (late as unknown as { far: Promise<BatchWriter> | undefined }).far
}

void t.test('tries again to open what could not be opened', async (t) => {
  const { late, makeFolder } = lateWriter(t)
  await t.rejects(late.apply(create), { code: 'database-failed' })
  makeFolder()
  t.equal(await late.apply(create), 'applied')
})

void t.test('starts another thread for one that has died', async (t) => {
  const { late, makeFolder } = lateWriter(t)
  makeFolder()
  await late.apply(create)
  t.equal(threadOf(late), undefined, 'there is none yet')
  const ids = Array.from({ length: 2_000 }, (_, n) => n)
  t.equal(await late.apply({ statements: [{ sql: insert, columns: [ids] }] }), 'applied')
  const { worker } = (await threadOf(late)) as unknown as { worker: Worker }
  worker.postMessage(null)
  await t.rejects(late.apply(create), { code: 'writer-stopped' })
  t.equal(await late.apply(create), 'applied')
})

void t.test('takes what a thread would take, and refuses what it would refuse', async (t) => {
  const { late, makeFolder } = lateWriter(t)
  makeFolder()
  await late.apply(create)
  const one = { statements: [{ sql: insert, columns: [[1]] }] }
  const guard = { sql: 'DELETE FROM t WHERE id = ?', params: [2], changes: 1 }
  t.equal(await late.apply(one), 'applied')
  await t.rejects(late.apply(one), { code: 'database-failed', message: /UNIQUE/ })
  t.equal(await late.apply({ ...one, guard }), 'refused')
  await t.rejects(late.apply({ statements: [{ sql: insert, columns: [[1, 2], [1]] }] }), TypeError)
  t.equal(threadOf(late), undefined, 'no thread was started for it')
})

void t.test('leaves it to the thread to wait for another process', async (t) => {
  const { late, makeFolder, path } = lateWriter(t)
  makeFolder()
  await late.apply(create)
  const other = openDatabase(path)
  other.exec('BEGIN IMMEDIATE')
  const applied = late.apply({ statements: [{ sql: insert, columns: [[1]] }] })
  const thread = await threadOf(late)
  other.exec('COMMIT')
  other.close()
  t.ok(thread)
  t.equal(await applied, 'applied')
})
