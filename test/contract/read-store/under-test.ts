import t, { type Test } from 'tap'
import type { ReadStore } from '../../../read-store/port.js'

/** An empty read store of one engine, for one test. */
export interface ReadStoreUnderTest {
  readonly store: ReadStore
  /** A second handle on the same data, as another process has one; also after `store` was closed. */
  readonly again: () => Promise<ReadStore>
  /** Closes what is open and removes the data. */
  readonly cleanUp: () => Promise<void>
}

/**
 * What a server may be unable to do that speaks an engine's protocol and is not the real one: read the past, or
 * order text beyond U+FFFF by its bytes.
 */
export type Ability = 'history' | 'bytewise order'
export const allAbilities: ReadonlySet<Ability> = new Set(['history', 'bytewise order'])

/** Declares a test of what a store does; each opens a store of its own, and cleans up after itself. */
export type DeclareTest = (
  behaviour: string,
  run: (t: Test, store: ReadStore, under: ReadStoreUnderTest) => Promise<void>,
  needed?: Ability,
) => void

export function declaring(
  engine: string,
  open: () => Promise<ReadStoreUnderTest>,
  abilities: ReadonlySet<Ability>,
): DeclareTest {
  return (behaviour, run, needed) => {
    const skip = needed && !abilities.has(needed) && `this server has no ${needed}`
    void t.test(`${engine}: ${behaviour}`, { skip: skip || false }, async (t) => {
      const under = await open()
      t.teardown(() => under.cleanUp())
      await run(t, under.store, under)
    })
  }
}
