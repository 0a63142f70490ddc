import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { DataRecorded } from '../domain/data-record.js'
import type { Benchmark, Setting } from './benchmark.js'
import { compare, rateOf, takeTurns, type Turn } from './measure.js'
import { bareSqlite, type Row } from './peers/bare-sqlite.js'
import { sampleEvents } from './sample-events.js'
import { described, importSample, openSampleSystem, writeSample, type Sample } from './sample-system.js'

/** As the import takes a file in (bridge/file-import.ts). */
const rowsABatch = 5_000

/** From files to figures: parsed, durable, folded into read models, notifications in the log and folded too. */
export const importRecords: Benchmark = {
  name: 'import',
  measures: 'an import end to end, against a bare SQLite script that only inserts the same rows',
  run: async (setting) => {
    const size = { subscribers: setting.quick ? 200 : 1_000, months: 7 }
    const sample = await writeSample(join(setting.folder, 'sample'), size)
    const rows = rowsOf(sample)
    const { ours, keyed, keyless } = await takeTurns(
      {
        keyed: insert(setting, rows, 'keyed'),
        ours: importOnce(setting, sample),
        keyless: insert(setting, rows, 'keyless'),
      },
      setting,
    )
    const detail = described(sample)
    return [
      compare({ ours, peer: keyed }, { name: 'import', unit: 'records', required: 0.4, detail }),
      compare(
        { ours, peer: keyless },
        {
          name: 'import, peer without a key',
          unit: 'records',
          detail: 'the same; this peer recognises no duplicate',
        },
      ),
    ]
  },
}

/** Measured from the first file to the last read model; opening and closing the stores are not part of it. */
function importOnce({ folder }: Setting, sample: Sample): Turn {
  return async () => {
    const data = join(folder, 'ours')
    const system = await openSampleSystem(data)
    await system.project()
    const rate = await rateOf(sample.records, () => importSample(system, sample))
    await system.close()
    rmSync(data, { recursive: true })
    return rate
  }
}

function insert({ folder }: Setting, rows: readonly Row[], table: 'keyed' | 'keyless'): Turn {
  return async () => {
    const path = join(folder, 'peer.db')
    const peer = bareSqlite(path, table)
    const rate = await rateOf(rows.length, () => peer.insertAll(rows, rowsABatch))
    peer.close()
    rmSync(path)
    return rate
  }
}

/** The rows of a sample, ready to be inserted. */
function rowsOf({ records }: Sample): Row[] {
  return sampleEvents(records).map(({ id, data }) => {
    const { externalRecordId, msisdn, recordedAt, recordedBytes } = data as DataRecorded['data']
    return [id, externalRecordId, msisdn, recordedAt, recordedBytes]
  })
}
