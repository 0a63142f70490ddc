import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { makeFolder } from '../../sqlite/folder.js'

void t.test('creates a folder and those above it', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-folder-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'a/b/c')
  makeFolder(path)
  makeFolder(path)
  t.ok(statSync(path).isDirectory())
  writeFileSync(join(path, 'file'), '')
  t.throws(() => makeFolder(join(path, 'file')), { code: 'EEXIST' })
  t.throws(() => makeFolder(join(path, 'file/d')), { code: 'ENOTDIR' })
})

void t.test(
  'says so where the system will have no folder',
  { skip: !existsSync('/proc/self') },
  async (t) => {
    t.throws(() => makeFolder('/proc/nowhere/at/all'), { code: /ENOENT|EACCES/ })
  },
)
