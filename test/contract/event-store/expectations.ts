import { RevisionConflict } from '../../../event-store/errors.js'
import { event } from './events.js'
import type { DeclareTest } from './under-test.js'

export function expectations(behaviour: DeclareTest): void {
  behaviour('refuses an append at another revision, and names both', async (t, { store }) => {
    await store.append([event('a')], [{ stream: 'a', revision: 'none' }])
    await store.append([event('a')], [{ stream: 'a', revision: 0 }])
    for (const revision of ['none', 0, 2] as const) {
      const refused = await store
        .append([event('a')], [{ stream: 'a', revision }])
        .catch((error: unknown) => error)
      if (!(refused instanceof RevisionConflict)) throw new Error('it was not refused')
      t.strictSame(
        [refused.code, refused.stream, refused.expected, refused.actual],
        ['revision-conflict', 'a', revision, 1],
      )
      t.match(refused.message, new RegExp(`revision 1.*${revision}`))
    }
    const missing = await store
      .append([event('x')], [{ stream: 'x', revision: 3 }])
      .catch((error: unknown) => error)
    t.match(missing, { code: 'revision-conflict', actual: 'none', expected: 3 })
    t.equal((await store.readStream('a', { limit: 10 })).length, 2)
    t.equal((await store.readStream('x', { limit: 10 })).length, 0)
  })

  behaviour(
    'writes nothing of a stream whose expectation fails, and nothing after it',
    async (t, { store }) => {
      await store.append([event('a')])
      const both = [event('a'), event('b')]
      await t.rejects(store.append(both, [{ stream: 'a', revision: 'none' }]), { code: 'revision-conflict' })
      t.strictSame(await store.readStream('b', { limit: 10 }), [])
    },
  )

  behaviour('checks a stream that nothing is appended to', async (t, { store, again }) => {
    const other = await again()
    await store.append([event('a')])
    await other.append([event('a')])
    const refused = await store
      .append([event('b')], [{ stream: 'a', revision: 0 }])
      .catch((error: unknown) => error)
    t.match(refused, { code: 'revision-conflict', actual: 1 })
    t.strictSame(await store.readStream('b', { limit: 10 }), [])
    t.equal((await store.append([event('b')], [{ stream: 'a', revision: 1 }])).events.length, 1)
    t.equal((await store.append([], [{ stream: 'nobody', revision: 'none' }])).position, 0)
    await other.close()
  })

  behaviour('lets exactly one of many win a revision', async (t, { store }) => {
    const outcomes = await Promise.allSettled(
      Array.from({ length: 50 }, () => store.append([event('a')], [{ stream: 'a', revision: 'none' }])),
    )
    t.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    t.equal((await store.readStream('a', { limit: 10 })).length, 1)
  })
}
