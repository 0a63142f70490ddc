import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import t, { type Test } from 'tap'
import { BatchWriter } from '../../sqlite/batch-writer.js'
import { openDatabase, type Database, type OpenOptions } from '../../sqlite/driver.js'

const insert = 'INSERT INTO t (id, value) VALUES (?, ?)'

void t.test('runs a statement once for each row of its columns', async (t) => {
  const { writer, reader } = await opened(t)
  const bytes = [new Uint8Array([1, 2]), new Uint8Array()]
  await writer.apply({
    statements: [
      { sql: insert, columns: [['a', 'b', 'c'], new Float64Array([1, 2.5, -Infinity])] },
      {
        sql: insert,
        columns: [
          ['d', 'e', 'f'],
          ['x', null, 7],
        ],
      },
      { sql: insert, columns: [['g', 'h'], bytes] },
      { sql: insert, columns: [[], []] },
      { sql: "INSERT INTO t VALUES ('once', 0)", columns: [] },
    ],
  })
  t.same(valuesOf(reader), {
    a: 1,
    b: 2.5,
    c: -Infinity,
    d: 'x',
    e: null,
    f: 7,
    g: bytes[0],
    h: bytes[1],
    once: 0,
  })
})

void t.test('writes all of a batch or nothing', async (t) => {
  const { writer, reader } = await opened(t)
  const columns = [
    ['a', 'b', 'a'],
    [1, 2, 3],
  ]
  await t.rejects(writer.apply({ statements: [{ sql: insert, columns }] }), {
    code: 'database-failed',
    message: /UNIQUE constraint failed: t.id/,
    sqliteCode: 1555,
  })
  t.same(valuesOf(reader), {})
  await t.rejects(writer.apply({ statements: [{ sql: 'no SQL', columns: [] }] }), { code: 'database-failed' })
  t.equal(await writer.apply({ statements: [{ sql: insert, columns: [['a'], [1]] }] }), 'applied', 'goes on')
  t.same(valuesOf(reader), { a: 1 })
})

void t.test('refuses a batch whose guard changes another number of rows', async (t) => {
  const { writer, reader } = await opened(t)
  await writer.apply({ statements: [{ sql: insert, columns: [['at'], [0]] }] })
  const move = (from: number, to: number) => ({
    guard: { sql: "UPDATE t SET value = ? WHERE id = 'at' AND value = ?", params: [to, from], changes: 1 },
    statements: [{ sql: insert, columns: [[`moved to ${to}`], [to]] }],
  })
  const outcomes = await Promise.all(
    [move(0, 1), move(0, 2), move(1, 3), move(2, 4)].map((b) => writer.apply(b)),
  )
  t.same(outcomes, ['applied', 'refused', 'applied', 'refused'])
  t.same(valuesOf(reader), { at: 3, 'moved to 1': 1, 'moved to 3': 3 })
})

void t.test('applies batches in the order of their submission', async (t) => {
  const { writer, reader } = await opened(t)
  const upsert = `${insert} ON CONFLICT (id) DO UPDATE SET value = value || excluded.value`
  const batches = Array.from({ length: 100 }, (_, n) => ({ sql: upsert, columns: [['a'], [`${n},`]] }))
  await Promise.all(batches.map((statement) => writer.apply({ statements: [statement] })))
  t.equal(valuesOf(reader).a, Array.from({ length: 100 }, (_, n) => `${n},`).join(''))
})

void t.test('runs the other statement for the rows that the first one does not change', async (t) => {
  const { writer, reader } = await opened(t)
  await writer.apply({
    statements: [
      {
        sql: insert,
        columns: [
          ['a', 'c'],
          ['old', 'old'],
        ],
      },
    ],
  })
  await writer.apply({
    statements: [
      {
        sql: 'UPDATE t SET value = ?2 WHERE id = ?1',
        otherwise: 'INSERT INTO t (id, value) VALUES (?1, ?2)',
        columns: [
          ['a', 'b'],
          ['new', 'new'],
        ],
      },
    ],
  })
  t.same(valuesOf(reader), { a: 'new', b: 'new', c: 'old' })
})

void t.test('refuses columns of different lengths', async (t) => {
  const { writer } = await opened(t)
  await t.rejects(writer.apply({ statements: [{ sql: insert, columns: [['a', 'b'], [1]] }] }), TypeError)
})

void t.test('says so when another process keeps the file locked', async (t) => {
  const { writer, path } = await opened(t, { busyTimeout: 50 })
  const other = openDatabase(path)
  t.teardown(() => other.close())
  other.exec('BEGIN IMMEDIATE')
  const batch = { statements: [{ sql: insert, columns: [['a'], [1]] }] }
  await t.rejects(writer.apply(batch), { code: 'database-busy', message: /locked for more than 50 ms/ })
  other.exec('ROLLBACK')
  t.equal(await writer.apply(batch), 'applied')
})

void t.test('says so when the file cannot be opened', async (t) => {
  await t.rejects(BatchWriter.open('/nowhere/at/all.db'), { code: 'database-failed', message: /nowhere/ })
})

void t.test('rejects what is in flight when its thread dies, and what comes after', async (t) => {
  const { writer } = await opened(t)
  const statements = [{ sql: insert, columns: [['a'], [1]] }]
  const { worker } = writer as unknown as { worker: Worker }
  worker.postMessage(null)
  const inFlight = [writer.apply({ statements }), writer.apply({ statements })]
  const died = { code: 'writer-stopped', message: /crashed: Cannot read properties of null/ }
  await Promise.all(inFlight.map((batch) => t.rejects(batch, died)))
  await t.rejects(writer.apply({ statements }), died)
})

void t.test('applies what is in flight before it closes, and copies the write-ahead log back', async (t) => {
  const { writer, path, reader } = await opened(t)
  reader.close()
  const ids = Array.from({ length: 20_000 }, (_, n) => `id ${n}`)
  const applied = writer.apply({ statements: [{ sql: insert, columns: [ids, ids] }] })
  const closed = writer.close()
  await t.rejects(writer.apply({ statements: [] }), { code: 'writer-stopped' })
  t.equal(await applied, 'applied')
  await closed
  await writer.close()
  t.throws(() => statSync(`${path}-wal`), { code: 'ENOENT' })
})

void t.test('does not keep a process alive, and an exit waits for the batch at hand', async (t) => {
  const { path } = await opened(t)
  const run = async (rest: string) => {
    const script = `
      const { BatchWriter } = await import(${JSON.stringify(import.meta.resolve('../../sqlite/batch-writer.js'))})
      const writer = await BatchWriter.open(${JSON.stringify(path)})
      const ids = Array.from({ length: 50_000 }, (_, n) => 'id ' + n)
      const statements = [{ sql: 'REPLACE INTO t VALUES (?, ?)', columns: [ids, ids] }]
      ${rest}`
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
    return (await once(child, 'exit')) as [number | null, string | null]
  }
  t.same(await run('await writer.apply({ statements })'), [0, null])
  t.same(
    await run('for (let n = 0; n < 5; n++) void writer.apply({ statements })'),
    [0, null],
    'waits for work',
  )
  const exit =
    'for (let n = 0; n < 50; n++) void writer.apply({ statements }); setTimeout(() => process.exit(3), 10)'
  for (let n = 0; n < 3; n++) t.same(await run(exit), [3, null], 'no abort')
})

async function opened(t: Test, options: OpenOptions = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-batch-writer-'))
  const path = join(folder, 'test.db')
  const writer = await BatchWriter.open(path, { synchronous: 'NORMAL', ...options })
  await writer.apply({
    statements: [{ sql: 'CREATE TABLE t (id PRIMARY KEY, value) WITHOUT ROWID', columns: [] }],
  })
  const reader = openDatabase(path, { readOnly: true })
  t.teardown(async () => {
    if (reader.isOpen) reader.close()
    await writer.close()
    rmSync(folder, { recursive: true })
  })
  return { writer, path, reader }
}

function valuesOf(reader: Database): Record<string, unknown> {
  const rows = reader.prepare('SELECT id, value FROM t ORDER BY id').all() as { id: string; value: unknown }[]
  return Object.fromEntries(rows.map(({ id, value }) => [id, value]))
}
