import {
  MongoBulkWriteError,
  MongoServerError,
  MongoServerSelectionError,
  type BulkWriteResult,
} from 'mongodb'
import t from 'tap'
import { isPassing, troubleOf } from '../../read-store/mongodb/trouble.js'

const nothingWritten = {} as BulkWriteResult
const bulk = (reason: ConstructorParameters<typeof MongoBulkWriteError>[0]) =>
  new MongoBulkWriteError(reason, nothingWritten)

void t.test(
  'a bulk write that found no server is tried again, and is an absent server to others',
  async (t) => {
    const error = bulk(new MongoServerSelectionError('Server selection timed out', {} as never))
    t.equal(isPassing(error), true)
    t.match(troubleOf(error, 'host:27017'), {
      code: 'read-store-unavailable',
      message: 'MongoDB at host:27017 does not answer: Server selection timed out',
    })
  },
)

void t.test('one that the server refused is what the server says it is', async (t) => {
  const tooLarge = bulk(new MongoServerError({ message: 'too large', code: 10334 }))
  t.equal(isPassing(tooLarge), false)
  t.equal(troubleOf(tooLarge, 'host:27017'), tooLarge)
  const busy = bulk(new MongoServerError({ message: 'conflict', code: 112 }))
  t.equal(isPassing(busy), true)
})
