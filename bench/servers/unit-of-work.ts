import { MongoClient } from 'mongodb'
import type { Document } from '../../read-store/port.js'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import type { Benchmark } from '../benchmark.js'
import { compare, rateOf, takeTurns } from '../measure.js'
import { addressIn, ownName } from './addresses.js'

const documentsAUnit = 1_000

/** A unit of work, which is a transaction with a fenced checkpoint, against the writing of its documents alone. */
export const unitOfWork: Benchmark = {
  name: 'server-unit-of-work',
  measures: `units of work of ${documentsAUnit} documents in MongoDB, against a bare bulkWrite of the same`,
  needs: ['MONGODB_URL'],
  run: async (setting) => {
    const url = addressIn('MONGODB_URL')
    const units = setting.quick ? 5 : 20
    const pages = Array.from({ length: units }, (_, unit) => documentsOf(unit))
    const namespace = ownName()
    const store = await openMongoDbReadStore({ url, namespace })
    const client = await MongoClient.connect(url)
    const database = client.db(namespace)
    const count = units * documentsAUnit
    const rounds = await takeTurns(
      {
        peer: async () => {
          const documents = database.collection<{ _id: string }>('bare')
          await documents.createIndex({ 'doc.msisdn': 1 })
          const rate = await rateOf(count, async () => {
            for (const page of pages) {
              const writes = page.map(({ id, document }) => ({
                replaceOne: { filter: { _id: id }, replacement: { doc: document }, upsert: true },
              }))
              await documents.bulkWrite(writes, { ordered: false, writeConcern: { w: 'majority' } })
            }
          })
          await documents.drop()
          return rate
        },
        ours: async () => {
          const build = await store.create('bench', 1, { documents: { indexes: { msisdn: ['msisdn'] } } })
          const rate = await rateOf(count, async () => {
            for (const [at, page] of pages.entries()) {
              const documents = page
              await build.commit({ expected: at, checkpoint: at + 1, writes: { documents } })
            }
          })
          await store.discard(build)
          return rate
        },
      },
      setting,
    )
    await store.close()
    await database.dropDatabase()
    await client.close()
    const detail = `${units} units of ${documentsAUnit} new documents, an index on each side, majority`
    return [compare(rounds, { name: 'server-unit-of-work', unit: 'documents', required: 0.8, detail })]
  },
}

/** Documents of the shape of a billing period. */
function documentsOf(unit: number): { readonly id: string; readonly document: Document }[] {
  return Array.from({ length: documentsAUnit }, (_, n) => {
    const number = String(unit * documentsAUnit + n).padStart(9, '0')
    const document = {
      agreementId: `agreement-${number}`,
      msisdn: `48${number}`,
      year: 2020,
      month: 1,
      billingPeriodTimeZone: 'Europe/Warsaw',
      totalRecordedBytes: 13_559_994_361,
      recordCount: 30,
      maxBytesInBillingPeriod: 5_368_709_120,
      exceeded: true,
      latestRecordedAt: '2020-01-30T23:00:00Z',
      latestExternalRecordId: `record-${number}`,
      status: 'open',
      lateRecords: 0,
      revision: 30,
    }
    return { id: `${number}/2020-01`, document }
  })
}
