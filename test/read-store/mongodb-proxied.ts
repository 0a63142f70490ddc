import type { Test } from 'tap'
import type { MongoDbPatience, MongoDbReport } from '../../read-store/mongodb/mongodb.js'
import { MongoDbProxy } from './mongodb-proxy.js'
import type { MongoDbServer } from './mongodb-server.js'

/** A read store whose connections the test can break, closed after it. */
export async function proxied(
  t: Test,
  server: MongoDbServer,
  options = 'socketTimeoutMS=200',
  patience: Partial<MongoDbPatience> = {},
) {
  const proxy = await MongoDbProxy.open(server.url)
  const reports: MongoDbReport[] = []
  const report = (report: MongoDbReport) => reports.push(report)
  const under = await server.open({ url: proxy.urlOf(options), report, patience })
  t.teardown(async () => {
    proxy.fault = () => undefined
    await under.cleanUp()
    await proxy.close()
  })
  return { ...under, proxy, reports }
}
