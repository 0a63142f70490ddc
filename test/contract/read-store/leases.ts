import type { DeclareTest } from './under-test.js'

export function leases(test: DeclareTest): void {
  const long = 600_000

  test('gives a lease to one holder at a time', async (t, store, under) => {
    const other = await under.again()
    t.equal(await store.lease('data-plans/0', 'one', long), true)
    t.equal(await other.lease('data-plans/0', 'two', long), false)
    t.equal(await store.lease('data-plans/0', 'one', long), true, 'renewed')
    t.equal(await other.lease('data-plans/1', 'two', long), true, 'another lease')
    const held = await other.leases()
    t.same(
      held.map(({ name, holder }) => [name, holder]),
      [
        ['data-plans/0', 'one'],
        ['data-plans/1', 'two'],
      ],
    )
    for (const { left } of held) t.ok(left > long / 2 && left <= long, `${left} ms left`)
  })

  test('gives a released lease to the next', async (t, store) => {
    await store.lease('a', 'one', long)
    await store.release('a', 'two')
    t.equal(await store.lease('a', 'two', long), false, 'nobody gives back what another one holds')
    await store.release('a', 'one')
    t.same(await store.leases(), [])
    t.equal(await store.lease('a', 'two', long), true)
    t.equal(await store.lease('a', 'one', long), false)
  })

  test('gives a lease to another holder when its time is over, and not before', async (t, store, under) => {
    const other = await under.again()
    const start = performance.now()
    t.equal(await store.lease('a', 'one', 150), true)
    while (!(await other.lease('a', 'two', long))) {
      // A server whose clock was set back keeps a lease for longer: better to say so than to run into a timeout.
      const [held] = await other.leases()
      if (held && held.left > 150) throw new Error(`${held.holder} has ${held.left} ms of 150 left`)
    }
    t.ok(performance.now() - start > 140, 'it was held')
    t.equal(await store.lease('a', 'one', long), false)
    t.match(await store.leases(), [{ name: 'a', holder: 'two' }])
  })

  test('forgets a lease whose time is over', async (t, store) => {
    await store.lease('a', 'one', 1)
    while ((await store.leases()).length > 0);
    t.same(await store.leases(), [])
  })

  test('gives a free lease to one of many who want it', async (t, store, under) => {
    const other = await under.again()
    const wanting = Array.from({ length: 8 }, (_, n) =>
      (n % 2 === 0 ? store : other).lease('a', `holder ${n}`, long),
    )
    const answers = await Promise.all(wanting)
    t.equal(answers.filter(Boolean).length, 1)
    t.match(await store.leases(), [{ holder: `holder ${answers.indexOf(true)}` }])
  })

  test('takes names and holders of any alphabet', async (t, store) => {
    for (const text of ['$holder', '$$NOW', 'a.b', 'żółw 💶', "o'brien"]) {
      t.equal(await store.lease(text, text, long), true)
      t.equal(await store.lease(text, 'x', long), false, text)
      t.match(await store.leases(), [{ name: text, holder: text }])
      await store.release(text, text)
    }
  })
}
