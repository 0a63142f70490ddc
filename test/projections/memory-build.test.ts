import t from 'tap'
import { MemoryBuild } from '../../projections/past/memory-build.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { readStoreModel } from '../contract/read-store-model.js'
import { buildContract } from '../contract/read-store/index.js'
import { allAbilities, type ReadStoreUnderTest } from '../contract/read-store/under-test.js'

const open = async (): Promise<ReadStoreUnderTest> => {
  const store = inMemory()
  return { store, again: async () => store, cleanUp: async () => {} }
}
buildContract('in memory', open)
readStoreModel('in memory', open, { runs: 200, abilities: allAbilities })

/** As much of a read store as the tests of a build need: one that keeps its live build, and nothing else. */
function inMemory(): ReadStore {
  let live: Build | undefined
  return {
    live: async () => live,
    create: async (projection, version, collections) => new MemoryBuild(projection, version, collections),
    promote: async (build) => void (live = build),
    discard: async () => {},
  } satisfies Partial<ReadStore> as unknown as ReadStore
}

const collections = { people: { indexes: { byAge: ['age'] } } }

void t.test('a snapshot stays as it was', async (t) => {
  const build = new MemoryBuild('census', 1, collections)
  await build.commit({ expected: 0, checkpoint: 1, writes: { people: [{ id: 'a', document: { age: 1 } }] } })
  const snapshot = await build.snapshot()
  await build.commit({ expected: 1, checkpoint: 2, writes: { people: [{ id: 'a', document: undefined }] } })
  t.same((await snapshot.page('people', { index: 'byAge', limit: 9 })).rows, [{ id: 'a', text: '{"age":1}' }])
  t.same([await snapshot.checkpoint(), await snapshot.count('people'), snapshot.build], [1, 1, build.build])
  t.same([await build.checkpoint(), await build.count('people')], [2, 0])
  await snapshot.close()
})

void t.test('is refused what it does not have', async (t) => {
  const build = new MemoryBuild('census', 1, collections)
  await t.rejects(build.getMany('animals', ['a']), TypeError)
  await t.rejects(build.page('people', { index: 'byName', limit: 1 }), TypeError)
  await t.rejects(build.checkpoint(1), RangeError)
  await t.rejects(build.commit({ partition: 1, expected: 0, checkpoint: 1, writes: {} }), RangeError)
})
