import { event, everything } from './events.js'
import type { DeclareTest } from './under-test.js'

export function duplicates(behaviour: DeclareTest): void {
  behaviour('answers an event that it has as the first time', async (t, { store, again }) => {
    const [one, two] = [event('a'), event('a')]
    const first = await store.append([one, two], [{ stream: 'a', revision: 'none' }])
    const repeated = await store.append([one, two], [{ stream: 'a', revision: 'none' }])
    t.strictSame(
      repeated.events,
      first.events.map((placed) => ({ ...placed, duplicate: true })),
    )
    const other = await again()
    t.strictSame((await other.append([two])).events, [{ ...first.events[1], duplicate: true }])
    await other.close()
    const mixed = await store.append([one, event('a')])
    t.strictSame(
      mixed.events.map(({ revision, duplicate }) => [revision, duplicate]),
      [
        [0, true],
        [2, false],
      ],
    )
    t.equal((await everything(store)).length, 3)
  })

  behaviour('takes an id once within one append, and from callers at the same time', async (t, { store }) => {
    const twice = event('a')
    const { events } = await store.append([twice, twice])
    t.strictSame(
      events.map(({ duplicate }) => duplicate),
      [false, true],
    )
    const raced = event('b')
    const answers = await Promise.all(Array.from({ length: 20 }, () => store.append([raced])))
    t.equal(answers.filter(({ events }) => !events[0]?.duplicate).length, 1)
    t.equal((await everything(store)).length, 2)
  })

  behaviour(
    'says that an event is there already when another handle has brought it',
    async (t, { store, again }) => {
      const other = await again()
      await store.append([event('a')])
      await other.append([event('a')])
      const [one, two, three] = [event('a'), event('a'), event('a')]
      const first = await store.append([one, two])
      t.strictSame(
        await other.append([one, two]),
        { ...first, events: first.events.map((placed) => ({ ...placed, duplicate: true })) },
        'though it did not know of it',
      )
      for (let i = 0; i < 20; i++) {
        const raced = [event('a'), event('a')]
        const answers = await Promise.all([store.append(raced), other.append(raced)])
        t.strictSame(
          answers.map(({ events }) => events.some(({ duplicate }) => duplicate)).sort(),
          [false, true],
          'exactly one of two is told that it was the first',
        )
        t.strictSame(
          ...(answers.map(({ events }) => events.map(({ position }) => position)) as [number[], number[]]),
        )
      }
      t.equal((await other.append([three], [{ stream: 'a', revision: 43 }])).events[0]?.revision, 44)
      const all = await everything(store)
      t.equal(new Set(all.map(({ id }) => id)).size, 45)
      t.equal(all.length, 45)
      await other.close()
    },
  )
}
