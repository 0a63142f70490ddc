import { assertGapless, event, everything } from './events.js'
import type { DeclareTest } from './under-test.js'

export function handles(behaviour: DeclareTest): void {
  behaviour('shows another handle what was acknowledged, at once', async (t, { store, again }) => {
    const other = await again()
    for (let i = 0; i < 20; i++) {
      const [writer, reader] = i % 2 === 0 ? [store, other] : [other, store]
      const { events } = await writer.append(
        [event('a', i)],
        [{ stream: 'a', revision: i === 0 ? 'none' : i - 1 }],
      )
      const [last] = await reader.readStream('a', { direction: 'backward', limit: 1 })
      t.equal(last?.revision, events[0]?.revision)
    }
    await other.close()
  })

  behaviour('takes appends of two handles at once, each stream gapless', async (t, { store, again }) => {
    const other = await again()
    const appends = Array.from({ length: 200 }, (_, i) =>
      (i % 2 === 0 ? store : other).append([event('a', i), event(`b-${i % 4}`, i)]),
    )
    await Promise.all(appends)
    const log = await everything(store)
    t.equal(log.length, 400)
    assertGapless(t, log)
    await other.close()
  })
}
