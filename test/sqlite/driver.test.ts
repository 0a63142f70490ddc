import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { isFull, openDatabase } from '../../sqlite/driver.js'
import { CannotOpen, NotADatabase } from '../../sqlite/errors.js'
import { temporaryFolder } from '../projections/tidemark.js'

void t.test('a full disk is known by whatever the driver says of it', async (t) => {
  t.ok(isFull(new Error('database or disk is full')))
  t.ok(isFull(Object.assign(new Error('disk I/O error'), { systemErrno: 28 })))
  t.ok(isFull(Object.assign(new Error('disk I/O error'), { errcode: 4874 })))
  t.notOk(isFull(Object.assign(new Error('disk I/O error'), { sqliteExtendedCode: 266, systemErrno: 5 })))
  t.notOk(isFull('database or disk is full'))
})

void t.test('what cannot be opened is told with its name', async (t) => {
  const folder = temporaryFolder(t)
  t.throws(() => openDatabase(folder), CannotOpen)
  t.throws(() => openDatabase(join(folder, 'none', 'a.db')), {
    message: /a\.db cannot be opened: see whether/,
  })
  const other = join(folder, 'other.db')
  writeFileSync(other, 'this is no database'.repeat(100))
  t.throws(() => openDatabase(other), NotADatabase)
})
