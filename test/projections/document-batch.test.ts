import fc from 'fast-check'
import t from 'tap'
import { DocumentBatch } from '../../projections/queries/document-batch.js'
import { openEmbeddedReadStore } from '../../read-store/embedded.js'
import type { Build } from '../../read-store/port.js'
import { temporaryFolder } from './tidemark.js'

const ids = ['a', 'b', 'c']
const collections = { texts: {} }

/** What happens to the documents between two questions for all of them. */
const step = fc.oneof(
  fc.constant({ type: 'nothing' as const }),
  fc.record({ type: fc.constant('write' as const), id: fc.constantFrom(...ids), text: fc.string() }),
  fc.record({ type: fc.constant('delete' as const), id: fc.constantFrom(...ids) }),
  fc.constant({ type: 'rebuild' as const }),
)

void t.test('documents that are kept are those of now, whatever another handle writes', async (t) => {
  const folder = temporaryFolder(t)
  const [store, writer] = [await openEmbeddedReadStore(folder), await openEmbeddedReadStore(folder)]
  t.teardown(async () => {
    await store.close()
    await writer.close()
  })
  let build: Build = await writer.create('texts', 1, collections)
  let checkpoint = 0
  await writer.promote(build)
  const documents = new DocumentBatch(store, 'texts', 'texts')
  let stored = new Map<string, string>()
  const write = async (id: string, document: object | undefined) => {
    const writes = { texts: [{ id, document }] }
    await build.commit({ expected: checkpoint, checkpoint: ++checkpoint, writes })
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      for (const one of steps) {
        if (one.type === 'rebuild') {
          const next = await writer.create('texts', 1, collections)
          await writer.promote(next, { build, at: [checkpoint] })
          build = next
          checkpoint = 0
          stored = new Map()
        } else if (one.type !== 'nothing') {
          const document = one.type === 'write' ? { text: one.text } : undefined
          await write(one.id, document)
          if (document) stored.set(one.id, JSON.stringify(document))
          else stored.delete(one.id)
        }
        const found = await Promise.all(ids.map(async (id) => (await documents.get(id))?.text))
        t.same(
          found,
          ids.map((id) => stored.get(id)),
        )
      }
    }),
    { numRuns: 50 },
  )
})

void t.test('what nobody wrote is the same object, and is read again after something was', async (t) => {
  const store = await openEmbeddedReadStore(temporaryFolder(t))
  t.teardown(() => store.close())
  const build = await store.create('texts', 1, collections)
  const write = (id: string) =>
    build.commit({ expected: 0, checkpoint: 0, writes: { texts: [{ id, document: { n: 1 } }] } })
  await write('a')
  await store.promote(build)
  const documents = new DocumentBatch(store, 'texts', 'texts')
  const first = await documents.get('a')
  t.equal(first?.text, '{"n":1}')
  t.equal(await documents.get('a'), first)
  await write('b')
  t.not(await documents.get('a'), first)
  t.same(await documents.get('a'), first)
})
