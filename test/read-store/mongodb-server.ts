import { MongoClient } from 'mongodb'
import { randomBytes } from 'node:crypto'
import { openMongoDbReadStore, type MongoDbOptions } from '../../read-store/mongodb/mongodb.js'
import type { ReadStore } from '../../read-store/port.js'
import type { Ability, ReadStoreUnderTest } from '../contract/read-store/under-test.js'
import { addressIn, hasDocker } from '../servers.js'

/** A MongoDB replica set for the tests of one file. */
export interface MongoDbServer {
  readonly url: string
  /** Looks into what the read store has stored. */
  readonly client: MongoClient
  readonly abilities: ReadonlySet<Ability>
  /** A read store in a database of its own, which is dropped in the end. */
  open(options?: Partial<MongoDbOptions>): Promise<MongoDbUnderTest>
  stop(): Promise<void>
}

export interface MongoDbUnderTest extends ReadStoreUnderTest {
  readonly namespace: string
  /** The name of the database. */
  readonly database: string
}

/** The one that `MONGODB_URL` names, else one in a container; undefined if there is neither. */
export async function findMongoDb(): Promise<MongoDbServer | undefined> {
  const address = addressIn('MONGODB_URL')
  if (address !== undefined) return serverAt(address, async () => {})
  if (!(await hasDocker())) return undefined
  const { GenericContainer, Wait } = await import('testcontainers')
  const container = await new GenericContainer('mongo:8')
    .withCommand(['--replSet', 'rs0', '--bind_ip_all'])
    .withExposedPorts(27017)
    .withWaitStrategy(Wait.forLogMessage(/waiting for connections/i))
    .start()
  const initiate = `rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'localhost:27017' }] });
    while (!db.hello().isWritablePrimary) sleep(50)`
  await container.exec(['mongosh', '--quiet', '--eval', initiate])
  const url = `mongodb://${container.getHost()}:${container.getMappedPort(27017)}/?directConnection=true`
  return serverAt(url, async () => {
    await container.stop()
  })
}

async function serverAt(url: string, ended: () => Promise<void>): Promise<MongoDbServer> {
  const client = await MongoClient.connect(url)
  const run = `tidemark-test-${randomBytes(4).toString('hex')}`
  let databases = 0
  return {
    url,
    client,
    abilities: await abilitiesOf(client, `${run}-probe`),
    open: (options) => open({ url, ...options }, client, `${run}-${databases++}`),
    stop: async () => {
      await client.close()
      await ended()
    },
  }
}

async function open(
  options: Omit<MongoDbOptions, 'namespace'>,
  client: MongoClient,
  namespace: string,
): Promise<MongoDbUnderTest> {
  const opened: ReadStore[] = []
  const again = async () => {
    const store = await openMongoDbReadStore({ ...options, namespace })
    opened.push(store)
    return store
  }
  const database = `tidemark-${namespace}`
  return {
    namespace,
    database,
    store: await again(),
    again,
    cleanUp: async () => {
      for (const store of opened) await store.close()
      await client.db(database).dropDatabase()
    },
  }
}

/** Some servers only speak the protocol. The contract's tests of what those cannot do are skipped there. */
async function abilitiesOf(client: MongoClient, name: string): Promise<Set<Ability>> {
  const database = client.db(name)
  const texts = database.collection<{ _id: string }>('texts')
  await texts.insertMany([{ _id: '💶' }, { _id: 'ﬁ' }])
  const [first] = await texts.find().sort({ _id: 1 }).toArray()
  const found = await database.command({ find: 'texts', readConcern: { level: 'snapshot' } })
  await database.dropDatabase()
  const abilities = new Set<Ability>()
  if (first?._id === 'ﬁ') abilities.add('bytewise order')
  if ((found.cursor as { atClusterTime?: unknown }).atClusterTime !== undefined) abilities.add('history')
  return abilities
}
