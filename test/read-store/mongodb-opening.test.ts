import { createServer, type AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import {
  openMongoDbReadStore,
  type MongoDbOptions,
  type MongoDbReport,
} from '../../read-store/mongodb/mongodb.js'
import { answering, single } from './mongodb-answers.js'

/** What an operator can get wrong. No server needed: one that answers what the test wants stands in. */

const secret = 'pa55-w0rd'
t.setTimeout(60_000)

void t.test('refuses what is no MongoDB URL, without repeating the password', async (t) => {
  for (const url of [
    '',
    'localhost:27017',
    `http://user:${secret}@localhost/`,
    `mongodb://user:${secret}@`,
    `mongodb://user:${secret}@rest@localhost/`,
    `mongodb://user:${secret}/rest@localhost/`,
    `mongodb://user:${secret}%@localhost/`,
    `mongodb://user:${secret}:rest@localhost/`,
    `mongodb://user:${secret}@localhost/?nonsense=${secret}`,
    `mongodb://user:${secret}@localhost/?maxPoolSize=${secret}`,
    `mongodb://localhost/?tls=true&ssl=false&tlsCertificateKeyFilePassword=${secret}`,
    `mongodb://user:${secret}@localhost/data.base`,
    `mongodb://user:${secret}@localhost/${'long'.repeat(16)}`,
  ]) {
    const error = await refused(t, { url })
    t.match(error, { code: 'read-store-url-invalid', message: /^the MongoDB URL cannot be used/ }, url)
  }
  await refused(t, { url: 'mongodb://localhost', namespace: 'a/b' })
})

void t.test('refuses a server that is no replica set', async (t) => {
  const { host, close } = await answering(() => single)
  t.teardown(close)
  for (const options of ['', '?replicaSet=rs0&serverSelectionTimeoutMS=300']) {
    const error = await refused(t, { url: `mongodb://${host}/${options}` })
    t.match(error, { code: 'not-a-replica-set', message: /replica set/ }, options)
    t.ok(error.message.includes(host))
  }
})

void t.test('waits for a replica set that has not been initiated, and says how to', async (t) => {
  const ghost = { ...single, isWritablePrimary: false, ismaster: false, isreplicaset: true }
  const { host, close } = await answering(() => ghost)
  t.teardown(close)
  const url = `mongodb://${host}/?replicaSet=rs0&serverSelectionTimeoutMS=200`
  const error = await refused(t, { url, patience: { opening: 100 } })
  t.match(error, { code: 'read-store-unavailable', message: /rs\.initiate/ })
})

void t.test('refuses wrong credentials at once, without repeating them', async (t) => {
  const denied = { ok: 0, code: 18, codeName: 'AuthenticationFailed', errmsg: `not you, ${secret}` }
  const hello = { ...single, setName: 'rs0' }
  const { host, close } = await answering((command) => ('saslStart' in command ? denied : hello))
  t.teardown(close)
  const error = await refused(t, { url: `mongodb://user:${secret}@${host}/?directConnection=true` })
  t.match(error, { code: 'read-store-access-denied', message: /authSource/ })
})

void t.test('refuses a user who may not do what is needed', async (t) => {
  const denied = { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: `not authorized: { x: '${secret}' }` }
  const hello = { ...single, setName: 'rs0' }
  const { host, close } = await answering((command) => ('createIndexes' in command ? denied : hello))
  t.teardown(close)
  const error = await refused(t, { url: `mongodb://${host}/?directConnection=true` })
  t.match(error, { code: 'read-store-access-denied', message: /roles/ })
})

void t.test('says so where the clock of the server is another one', async (t) => {
  const denied = { ok: 0, code: 13, codeName: 'Unauthorized', errmsg: 'not authorized' }
  let ahead = 3_600_000
  const hello = () => ({ ...single, setName: 'rs0', localTime: new Date(Date.now() + ahead) })
  const { host, close } = await answering((command) => ('createIndexes' in command ? denied : hello()))
  t.teardown(close)
  const reports: MongoDbReport[] = []
  const options = {
    url: `mongodb://${host}/?directConnection=true`,
    report: (report: MongoDbReport) => reports.push(report),
  }
  await refused(t, options)
  t.match(reports, [{ type: 'clock-skew', reason: /is 3600 s ahead of the one here.*NTP/ }])
  ahead = 0
  await refused(t, options)
  t.equal(reports.length, 1)
})

void t.test('tries again for a while where nobody answers, says so, and gives up with advice', async (t) => {
  const reports: MongoDbReport[] = []
  const url = `mongodb://user:${secret}@127.0.0.1:${await unusedPort()}/?serverSelectionTimeoutMS=100`
  const error = await refused(t, {
    url,
    patience: { opening: 1_000 },
    report: (report) => reports.push(report),
  })
  t.match(error, { code: 'read-store-unavailable', message: /ECONNREFUSED.*Given up after 1 s.*rs\.conf/s })
  t.ok(reports.length >= 2, `${reports.length} reports`)
  for (const report of reports) t.match(report, { type: 'waiting', reason: /ECONNREFUSED/ })
  t.notMatch(JSON.stringify(reports), secret)
})

void t.test('says so where the name of a host is not known', async (t) => {
  const url = 'mongodb://nowhere.invalid/?serverSelectionTimeoutMS=100'
  const error = await refused(t, { url, patience: { opening: 0 } })
  t.match(error, { code: 'read-store-unavailable', message: /nowhere\.invalid/ })
})

/** The error, which has the password nowhere that anybody would print. */
async function refused(t: Test, options: MongoDbOptions): Promise<Error> {
  try {
    const store = await openMongoDbReadStore(options)
    await store.close()
  } catch (error) {
    if (!(error instanceof Error)) throw error
    t.notMatch(`${error.message} ${error.name}`, secret)
    return error
  }
  throw new Error('it was opened')
}

async function unusedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
