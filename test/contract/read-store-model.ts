import fc from 'fast-check'
import t from 'tap'
import type { Build, Collections, Document, IndexValue, Query, Write } from '../../read-store/port.js'
import type { Ability, ReadStoreUnderTest } from './read-store/under-test.js'

/** The law: after any units of work, a collection answers every query as a plain map of its documents would. */

const indexes = { byAge: ['age'], byCityAndAge: ['city', 'age'], byAgeAndCity: ['age', 'city'] }
const collections: Collections = { people: { indexes } }

const ids = ['a', 'B', 'b', 'aa', 'é', 'ﬁ', '💶', '0', '10', '9', 'zz', 'ż', ' ', '~', "'"]
const values: IndexValue[] = [-2, 0, 0.5, 3, 2 ** 53 - 1, '', 'a', 'B', 'é', 'ﬁ', '💶', '10']

/** @param bytewise whether the engine orders text beyond U+FFFF by its bytes */
function stepsOf(bytewise: boolean) {
  const isPlain = (text: IndexValue) => bytewise || text !== '💶'
  const id = fc.constantFrom(...ids.filter(isPlain))
  const value = fc.constantFrom(...values.filter(isPlain))
  const document: fc.Arbitrary<Document> = fc.record(
    { age: fc.option(value), city: fc.option(value), n: fc.nat(3) },
    { requiredKeys: [] },
  )
  const write: fc.Arbitrary<Write> = fc.record({
    id,
    document: fc.option(document, { nil: undefined, freq: 4 }),
  })
  const queryOf = (index: keyof typeof indexes | undefined, fields: number) =>
    fc.record(
      {
        index: fc.constant(index),
        equals: fc.array(value, { maxLength: fields }),
        from: fields === 0 ? id : value,
        to: fields === 0 ? id : value,
        reverse: fc.boolean(),
        limit: fc.integer({ min: 1, max: 6 }),
      },
      { requiredKeys: ['index', 'limit'] },
    ) as fc.Arbitrary<Query>
  const query = fc.oneof(
    queryOf(undefined, 0),
    queryOf('byAge', 1),
    queryOf('byCityAndAge', 2),
    queryOf('byAgeAndCity', 2),
  )
  const step = fc.oneof(
    fc.record({ type: fc.constant('commit' as const), writes: fc.array(write, { maxLength: 12 }) }),
    fc.record({ type: fc.constant('page' as const), query }),
    fc.record({ type: fc.constant('getMany' as const), wanted: fc.array(id, { maxLength: 8 }) }),
  )
  return fc.array(step, { minLength: 1, maxLength: 25 })
}

/** Tests so many histories of one collection. */
export function readStoreModel(
  engine: string,
  open: () => Promise<ReadStoreUnderTest>,
  { runs, abilities }: { readonly runs: number; readonly abilities: ReadonlySet<Ability> },
): void {
  void t.test(`${engine}: a collection answers as a map of its documents would`, async (t) => {
    const { store, cleanUp } = await open()
    t.teardown(cleanUp)
    const law = fc.assert(
      fc.asyncProperty(stepsOf(abilities.has('bytewise order')), async (steps) => {
        const build = await store.create('model', 1, collections)
        const model = new Map<string, Document>()
        for (const [at, step] of steps.entries()) {
          if (step.type === 'commit') {
            await build.commit({ expected: at, checkpoint: at + 1, writes: { people: step.writes } })
            for (const { id, document } of step.writes) {
              if (document) model.set(id, document)
              else model.delete(id)
            }
            if ((await build.count('people')) !== model.size) throw new Error('another count')
            continue
          }
          await build.commit({ expected: at, checkpoint: at + 1, writes: {} })
          const [found, expected] =
            step.type === 'page'
              ? [await pageThrough(build, step.query), ask(model, step.query)]
              : [(await texts(build, step.wanted)).sort(), known(model, step.wanted).sort()]
          if (found.join('\n') !== expected.join('\n')) {
            throw new Error(`found ${found.join(', ')}; expected ${expected.join(', ')}`)
          }
        }
        await store.discard(build)
      }),
      { numRuns: runs },
    )
    await t.resolves(law)
  })
}

async function pageThrough(build: Build, query: Query): Promise<string[]> {
  const found: string[] = []
  let next: string | undefined
  do {
    const page = await build.page('people', next === undefined ? query : { ...query, after: next })
    found.push(...page.rows.map(({ id, text }) => `${id} ${text}`))
    next = page.next
  } while (next !== undefined)
  return found
}

async function texts(build: Build, wanted: string[]): Promise<string[]> {
  return (await build.getMany('people', wanted)).map(({ id, text }) => `${id} ${text}`)
}

function known(model: Map<string, Document>, wanted: string[]): string[] {
  const there = [...new Set(wanted)].filter((id) => model.has(id))
  return there.map((id) => `${id} ${JSON.stringify(model.get(id))}`)
}

type Key = IndexValue | undefined

function ask(model: Map<string, Document>, query: Query): string[] {
  const fields = query.index === undefined ? [] : indexes[query.index as keyof typeof indexes]
  const equals = query.equals ?? []
  const entries = [...model].map(([id, document]) => {
    const known = document as Record<string, IndexValue | null | undefined>
    return { id, document, keys: [...fields.map((field): Key => known[field] ?? undefined), id] }
  })
  const wanted = entries.filter(({ keys }) => {
    const next = keys[equals.length]
    return (
      keys[0] !== undefined &&
      equals.every((value, at) => keys[at] === value) &&
      (query.from === undefined || (isSameType(next, query.from) && compare(next, query.from) >= 0)) &&
      (query.to === undefined || (isSameType(next, query.to) && compare(next, query.to) < 0))
    )
  })
  wanted.sort((a, b) => compareAll(a.keys, b.keys) * (query.reverse ? -1 : 1))
  return wanted.map(({ id, document }) => `${id} ${JSON.stringify(document)}`)
}

function isSameType(key: Key, bound: IndexValue): boolean {
  return typeof key === typeof bound
}

function compareAll(a: Key[], b: Key[]): number {
  for (const [at, key] of a.entries()) {
    const order = compare(key, b[at])
    if (order !== 0) return order
  }
  return 0
}

/** Absent, then numbers, then strings bytewise. */
function compare(a: Key, b: Key): number {
  const rank = (key: Key) => ['undefined', 'number', 'string'].indexOf(typeof key)
  if (rank(a) !== rank(b)) return rank(a) - rank(b)
  if (typeof a === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(String(b)))
  return Number(a ?? 0) - Number(b ?? 0)
}
