import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import type { BatchWriter } from '../../sqlite/batch-writer.js'
import { LateWriter } from '../../sqlite/late-writer.js'

const create = { statements: [{ sql: 'CREATE TABLE IF NOT EXISTS t (id PRIMARY KEY)', columns: [] }] }

function lateWriter(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-late-writer-'))
  const late = new LateWriter(join(folder, 'later', 'test.db'), { synchronous: 'NORMAL' })
  t.teardown(async () => {
    await late.close()
    rmSync(folder, { recursive: true })
  })
  return { late, makeFolder: () => mkdirSync(join(folder, 'later')) }
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
  const writer = await (late as unknown as { opened: Promise<BatchWriter> }).opened
  const { worker } = writer as unknown as { worker: Worker }
  worker.postMessage(null)
  await t.rejects(late.apply(create), { code: 'writer-stopped' })
  t.equal(await late.apply(create), 'applied')
})
