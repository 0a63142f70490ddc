import { Long, MongoClient, Timestamp } from 'mongodb'
import t, { type Test } from 'tap'
import { MongoDbHost } from '../../read-store/mongodb/host.js'
import { answering, single } from './mongodb-answers.js'

/** A primary whose clock stands at `time()`, and the commands that it was given. */
async function primary(t: Test, time: () => Timestamp | undefined) {
  const commands: Record<string, unknown>[] = []
  const server = await answering((command) => {
    commands.push(command)
    if ('hello' in command || 'ismaster' in command) return { ...single, setName: 'rs', hosts: [] }
    const operationTime = time()
    const cursor = { id: Long.ZERO, ns: 'tests.documents', firstBatch: [] }
    return { ok: 1, n: 1, nModified: 1, cursor, ...(operationTime && { operationTime }) }
  })
  const client = new MongoClient(`mongodb://${server.host}/?directConnection=true`)
  const database = client.db('tests')
  const host = new MongoDbHost(client, database, server.host, () => {})
  t.teardown(async () => {
    await host.shut()
    await client.close()
    await server.close()
  })
  const documents = database.collection('documents')
  return {
    host,
    write: () => host.change((session) => documents.updateOne({}, { $set: { a: 1 } }, { session })),
    /** The time that a read asks for. */
    read: async () => {
      await host.read((session) => documents.find({}, session ? { session } : {}).toArray())
      const { readConcern } = commands.findLast((command) => 'find' in command) ?? {}
      return (readConcern as { afterClusterTime?: Timestamp } | undefined)?.afterClusterTime
    },
  }
}

void t.test('who has written reads what is not older than that, whoever is the primary', async (t) => {
  let now = 0
  const { write, read } = await primary(t, () => new Timestamp({ t: ++now, i: 1 }))
  t.equal(await read(), undefined, 'who only reads does not wait')
  await write()
  const first = await read()
  t.ok(first && first.getHighBits() > 0)
  await write()
  const second = await read()
  t.ok(second && first && second.greaterThan(first))
})

void t.test('a server that keeps no such clock is read as it is', async (t) => {
  const { write, read } = await primary(t, () => undefined)
  await write()
  t.equal(await read(), undefined)
})
