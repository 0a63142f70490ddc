import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { temporaryFolder } from '../projections/tidemark.js'

/** Files of data records to import. */

/** Where a file with this content lies. */
export function fileOf(t: Test, content: string | Buffer): string {
  const path = join(temporaryFolder(t), 'records.csv')
  writeFileSync(path, content)
  return path
}

export const line = (id: string | number, bytes = 10) => `${id};2020-01-10T00:00:00Z;48100200300;${bytes}\n`
export const manyLines = (count: number) =>
  Array.from({ length: count }, (_, n) => line(`record-${n}`, n)).join('')
