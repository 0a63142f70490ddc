import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../cli/config.js'
import { filesIn } from '../../cli/files-to-import.js'
import { line } from '../bridge/importing.js'
import { temporaryFolder } from '../projections/tidemark.js'

/** A folder, the files that commands find in it, and what they remark. */
function looking(t: Test) {
  const folder = temporaryFolder(t)
  const remarks: string[] = []
  const context = {
    config: loadConfig(join(folder, 'data')),
    output: {
      json: false,
      say: () => {},
      result: () => {},
      remark: (text: string) => void remarks.push(text),
    },
  }
  const found = async (...paths: string[]) =>
    (
      await filesIn(
        paths.map((path) => join(folder, path)),
        context,
      )
    ).map(({ path, copy }) => `${path.slice(folder.length + 1)}${copy ? ' is copied' : ''}`)
  return { folder, remarks, found }
}

void t.test('files that are still being written are passed over, in folders and by name', async (t) => {
  const { folder, remarks, found } = looking(t)
  for (const nested of ['b', '_under way', '.git', 'tmp']) mkdirSync(join(folder, nested))
  const names = [
    '2.csv',
    '1.csv',
    'tmp_3.csv',
    'tmpfile',
    '_4.csv',
    '.5.csv',
    'not_tmp.csv',
    'b/6.csv',
    'b/_7.csv',
  ]
  for (const name of [...names, '_under way/8.csv', '.git/9.csv', 'tmp/10.csv']) {
    writeFileSync(join(folder, name), line('a'))
  }
  t.same(await found('.'), ['1.csv', '2.csv', 'b/6.csv', 'not_tmp.csv'])
  t.equal(remarks.length, 8)
  t.same(await found('b', '2.csv', '1.csv', '_4.csv'), ['b/6.csv', '2.csv', '1.csv'])
  await t.rejects(found('none'), { message: /there is no file or folder .*none/ })
})

void t.test('links to nothing and in circles are passed over, others are followed', async (t) => {
  const { folder, remarks, found } = looking(t)
  for (const nested of ['a', 'a/b', 'other']) mkdirSync(join(folder, nested))
  for (const name of ['a/1.csv', 'a/b/2.csv', 'other/3.csv']) writeFileSync(join(folder, name), line('a'))
  symlinkSync('..', join(folder, 'a/b/circle'))
  symlinkSync('nothing', join(folder, 'a/gone.csv'))
  symlinkSync('../other', join(folder, 'a/c'))
  t.same(await found('a'), ['a/1.csv', 'a/b/2.csv', 'a/c/3.csv'])
  t.match(remarks, [/circle: it is a link to a folder/, /gone\.csv: it is a link to nothing/])
})

void t.test('what cannot be read is an error, and the data folder is no data to import', async (t) => {
  const { folder, remarks, found } = looking(t)
  for (const nested of ['a', 'data']) mkdirSync(join(folder, nested))
  for (const name of ['a/1.csv', 'data/events.db']) writeFileSync(join(folder, name), line('a'))
  await t.rejects(found('a/1.csv/none'), { code: 'ENOTDIR' })
  t.same(await found('.'), ['a/1.csv'])
  t.match(remarks, [/data: it is the data folder/])
  // Not every file system has such names.
  const name = Buffer.concat([Buffer.from(join(folder, 'a/')), Buffer.from([0xff, 0x2e])])
  try {
    writeFileSync(name, line('a'))
  } catch {
    return
  }
  await t.rejects(found('a'), { message: /there is no file or folder .*: names are UTF-8, so rename it/ })
})
