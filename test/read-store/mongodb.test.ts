import t from 'tap'
import { readStoreContract } from '../contract/read-store.js'
import { findMongoDb } from './mongodb-server.js'

const server = await findMongoDb()
if (server) {
  t.teardown(() => server.stop())
  readStoreContract('mongodb', () => server.open(), server.abilities)
} else {
  void t.test('mongodb', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
}
