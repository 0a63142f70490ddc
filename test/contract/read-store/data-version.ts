import { built, commit, people, projection, promoted, put } from './census.js'
import type { DeclareTest } from './under-test.js'

export function dataVersion(test: DeclareTest): void {
  test('says by its version that something was written, whoever wrote it', async (t, store, under) => {
    const other = await under.again()
    const build = await promoted(store)
    const changes: [string, () => Promise<unknown>][] = [
      ['nothing', async () => {}],
      ['its own unit of work', () => commit(build, people)],
      ["another handle's", async () => commit((await other.live(projection))!, [put('a', {})])],
      ['a unit that leaves the checkpoint', () => build.commit({ expected: 2, checkpoint: 2, writes: note })],
      ['a build', async () => other.promote(await built(other, 4), { build, at: [2] })],
      ['nothing again', async () => {}],
    ]
    for (const [what, change] of changes) {
      const before = store.dataVersion()
      t.equal(store.dataVersion(), before)
      await change()
      const isOther = store.dataVersion() !== before
      t.equal(isOther, before !== undefined && !what.startsWith('nothing'), what)
    }
  })
}

const note = { people: [put('note', {})] }
