import t from 'tap'
import { openMongoDbReadStore } from '../../read-store/mongodb/mongodb.js'
import { collections, counterUnit, disagreements, projection, promoted } from './counters.js'
import { proxied } from './mongodb-proxied.js'
import { findMongoDb, type MongoDbServer } from './mongodb-server.js'

t.setTimeout(180_000)
const found = await findMongoDb()
if (found) {
  t.teardown(() => found.stop())
  lostAnswers(found)
} else {
  void t.test('mongodb lost answers', { skip: 'neither MONGODB_URL nor Docker' }, async () => {})
}

function lostAnswers(server: MongoDbServer): void {
  for (const fault of ['lost', 'unanswered', 'hung'] as const) {
    // The driver itself repeats a commit once; what comes after that is ours.
    for (const times of [1, 2, 3]) {
      void t.test(`a commit that is ${fault} ${times} times is applied once`, async (t) => {
        const { proxy, store, reports } = await proxied(t, server)
        const build = await promoted(store)
        let left = times
        proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? fault : undefined)
        await build.commit(counterUnit(0))
        t.ok(left <= 0, 'the fault happened')
        t.ok(times === 1 || reports.length > 0, 'it was tried again')
        t.same([await build.checkpoint(), await disagreements(build)], [1, []])
        await build.commit(counterUnit(1))
        t.same([await build.checkpoint(), await disagreements(build)], [2, []])
      })
    }
  }

  void t.test('a unit that does not move the checkpoint is applied once too', async (t) => {
    const { proxy, store } = await proxied(t, server)
    const build = await promoted(store)
    let left = 2
    proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? 'unanswered' : undefined)
    const note = { latest: [{ id: 'note', document: {} }] }
    await build.commit({ expected: 0, checkpoint: 0, writes: note })
    t.equal(await build.count('latest'), 1)
    await build.commit({ expected: 0, checkpoint: 1, writes: {} })
  })

  void t.test('a promotion whose answer is lost is done once', async (t) => {
    const { proxy, store } = await proxied(t, server)
    const old = await promoted(store)
    const build = await store.create(projection, 2, collections)
    let left = 2
    proxy.fault = (sent) => (sent.includes('commitTransaction') && left-- > 0 ? 'unanswered' : undefined)
    await store.promote(build, { build: old, at: [0] })
    t.equal((await store.live(projection))?.build, build.build)
    await t.rejects(store.promote(build, { build: old, at: [0] }), { code: 'fenced' })
  })

  void t.test('of two runners one wins while answers are lost', async (t) => {
    const { proxy, store, namespace } = await proxied(t, server)
    const direct = await openMongoDbReadStore({ url: server.url, namespace })
    t.teardown(() => direct.close())
    const build = await promoted(store)
    const rival = (await direct.live(projection))!
    let asked = 0
    let rivalled: Promise<void> | undefined
    proxy.fault = (sent) => {
      if (!sent.includes('commitTransaction') || asked++ > 1) return undefined
      // Never got there; by the time it is tried again, the other one has been through.
      rivalled ??= rival.commit(counterUnit(0))
      return 'lost'
    }
    const [mine] = await Promise.allSettled([build.commit(counterUnit(0))])
    const [theirs] = await Promise.allSettled([rivalled])
    t.not(mine.status, theirs.status, 'exactly one of them')
    t.match(mine.status === 'rejected' ? mine.reason : (theirs as PromiseRejectedResult).reason, {
      code: 'fenced',
    })
    t.equal(await rival.checkpoint(), 1)
    t.same(await disagreements(rival), [])
  })
}
