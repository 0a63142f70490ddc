import fc from 'fast-check'
import t from 'tap'
import { WorkingSet } from '../../projections/running/working-set.js'
import { openTidemark } from './tidemark.js'

const collection = 'things'
const ids = ['a', 'a/1', 'a/2', 'b', 'b/1', 'é', '\u{1f600}', '\uffff']
const id = fc.constantFrom(...ids)

type Step =
  | { readonly type: 'put'; readonly id: string; readonly value: number }
  | { readonly type: 'delete' | 'load'; readonly id: string }
  | { readonly type: 'commit' | 'forget' | 'begin again' }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('put'), id, value: fc.nat(9) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('delete', 'load'), id }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('commit', 'forget', 'begin again') }) },
)

const range = fc.record(
  { from: id, to: id, limit: fc.integer({ min: 1, max: 2 }) },
  { requiredKeys: ['limit'] },
)

/** Two of UTF-8 compare as their code points do, two of UTF-16 do not. */
const inOrder = (all: Iterable<string>) =>
  [...all].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))

void t.test(
  'a range has what is stored and what was put just now, each as it is, slice by slice',
  async (t) => {
    const { readStore } = await openTidemark(t)
    const property = fc.asyncProperty(
      fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }),
      range,
      async (steps, asked) => {
        const build = await readStore.create('range', 1, { [collection]: {} })
        let checkpoint = 0
        const open = () => new WorkingSet(build, checkpoint, { watches: [] }, async () => {})
        let documents = open()
        const expected = new Map<string, number>()
        for (const step of steps) {
          switch (step.type) {
            case 'put':
              documents.put(collection, step.id, { value: step.value })
              expected.set(step.id, step.value)
              break
            case 'delete':
              documents.delete(collection, step.id)
              expected.delete(step.id)
              break
            case 'load':
              await documents.load(collection, [step.id])
              break
            case 'commit':
            case 'begin again': {
              const { writes } = documents.take()
              await build.commit({ expected: checkpoint, checkpoint: ++checkpoint, writes })
              if (step.type === 'begin again') documents = open()
              break
            }
            case 'forget':
              // What was used since the last time stays once more.
              documents.forget()
              documents.forget()
          }
        }
        const found: string[] = []
        let from: string | undefined = asked.from
        do {
          const slice = await documents.loadBetween(collection, {
            ...asked,
            ...(from !== undefined && { from }),
          })
          if (slice.ids.length > asked.limit) return false
          found.push(...slice.ids)
          from = slice.next
        } while (from !== undefined)
        await readStore.discard(build)
        const before = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
        const within = [...expected.keys()].filter(
          (id) => !(asked.from && before(id, asked.from)) && (asked.to === undefined || before(id, asked.to)),
        )
        return (
          found.join() === inOrder(within).join() &&
          found.every((id) => documents.get<{ value: number }>(collection, id)?.value === expected.get(id))
        )
      },
    )
    await t.resolves(fc.assert(property, { numRuns: 300 }))
  },
)

void t.test('what is written and forgotten has no ranges', async (t) => {
  const { readStore } = await openTidemark(t)
  const build = await readStore.create('range', 1, { [collection]: {} })
  const documents = new WorkingSet(build, 0, { watches: [] }, async () => {})
  documents.write(collection, 'a', {})
  await t.rejects(documents.loadBetween(collection, { limit: 1 }), TypeError)
})
