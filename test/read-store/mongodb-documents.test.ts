import { BSON } from 'mongodb'
import fc from 'fast-check'
import t from 'tap'
import { rowOf, storedDocument, type StoredDocument } from '../../read-store/mongodb/document.js'
import type { Document, Write } from '../../read-store/port.js'
import { findMongoDb } from './mongodb-server.js'

/** The law: what is read is `JSON.stringify` of what was committed, byte for byte. */

t.setTimeout(60_000)

/** Text of any code units, halves of surrogate pairs included. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 4 }),
)
const number = fc.oneof(
  fc.double(),
  fc.maxSafeInteger(),
  fc.constantFrom(0, -0, 2 ** 31, -(2 ** 31), 2 ** 31 - 1, 2 ** 32, 2 ** 53, 2 ** 63, 2 ** 64, 1e21, 5e-324),
)
const oddKeys = ['', '$set', '$ref', '$id', '$$NOW', '_bsontype', 'a\0b', '\ud800', 'b\udc00', '__proto__']
// Inherited by every object.
oddKeys.push('constructor', 'toString', 'hasOwnProperty')
const plainKeys = [
  '10',
  '9',
  '-1',
  'a.b',
  '.',
  '_id',
  'id',
  'toBSON',
  'toJSON',
  'constructor',
  'length',
  'doc',
]
const key = fc.oneof(fc.constantFrom(...oddKeys), fc.constantFrom(...plainKeys), text)
/** `Object.fromEntries` makes an own property of `__proto__` too. */
const objectOf = (value: fc.Arbitrary<unknown>, keys: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(keys, value), { maxLength: 5 }).map((entries): Document => Object.fromEntries(entries))
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    text,
    number,
    fc.constantFrom(null, true, false, undefined),
    fc.jsonValue(),
    fc.array(tie('value'), { maxLength: 4 }),
    objectOf(tie('value'), fc.constantFrom(...plainKeys)),
    objectOf(tie('value'), key),
  ),
}))
const document = fc.oneof(objectOf(value, fc.constantFrom(...plainKeys)), objectOf(value, key))

void t.test('the law, for the form in which documents are stored', async (t) => {
  let asThemselves = 0
  const runs = 3_000
  fc.assert(
    fc.property(document, (document) => {
      const stored = storedDocument('a', document, [])
      const bytes = BSON.serialize(stored)
      const { text } = rowOf(BSON.deserialize(bytes) as StoredDocument)
      if (text !== JSON.stringify(document)) throw new Error(`${text} is not ${JSON.stringify(document)}`)
      if (stored.text === undefined) asThemselves++
    }),
    { numRuns: runs },
  )
  t.ok(asThemselves > runs / 4, `${asThemselves} of ${runs} as themselves`)
  t.ok(asThemselves < runs, 'and some as text')
})

void t.test('documents lie as themselves, but those that MongoDB could not give back', async (t) => {
  const formOf = (document: Document) => storedDocument('a', document, [])
  const themselves: Document[] = [
    { subscriber: '48123', months: [{ month: '2020-01', bytes: 2 ** 40 }], open: true, late: null },
    { '10': 1, '9': 2, b: -0, 'a.b': { 'c.d': 0.1 }, emoji: '💶', nul: 'a\0b', toBSON: 'x', _id: 5 },
    {},
  ]
  for (const document of themselves) t.same(formOf(document), { _id: 'a', doc: document })
  t.same(formOf({ gone: undefined, list: [undefined, NaN] }), { _id: 'a', doc: { list: [null, null] } })
  const odd: Document[] = [
    ...oddKeys.map((key) => ({ inner: [Object.fromEntries([[key, 1]])] })),
    { half: '\ud800' },
    nested(200),
    [1, 2],
    { date: new Date(0) },
    { own: { toJSON: () => 'x' } },
  ]
  for (const document of odd)
    t.same(formOf(document), { _id: 'a', doc: {}, text: JSON.stringify(document) }, JSON.stringify(document))
})

void t.test('a document that lies as text is found by its fields all the same', async (t) => {
  const document = { age: 30, city: 'Łódź', later: null, $odd: true }
  t.same(storedDocument('a', document, ['city', 'age', 'later', 'none']), {
    _id: 'a',
    doc: { city: 'Łódź', age: 30 },
    text: JSON.stringify(document),
  })
  t.throws(() => storedDocument('a', { age: true }, ['age']), TypeError)
  t.throws(() => storedDocument('a', { age: [1] }, ['age']), TypeError)
  t.throws(() => storedDocument('a', { age: 1n }, []), TypeError)
})

const server = await findMongoDb()
const skip = server ? false : 'neither MONGODB_URL nor Docker'
if (server) t.teardown(() => server.stop())

void t.test('the law, through the server', { skip }, async (t) => {
  const { store, cleanUp } = await server!.open()
  t.teardown(cleanUp)
  const build = await store.create('documents', 1, { all: {} })
  let checkpoint = 0
  const law = fc.asyncProperty(fc.array(document, { minLength: 20, maxLength: 40 }), async (documents) => {
    const writes = documents.map((document, n): Write => ({ id: `${n}`, document }))
    await build.commit({ expected: checkpoint, checkpoint: ++checkpoint, writes: { all: writes } })
    const rows = await build.getMany(
      'all',
      writes.map(({ id }) => id),
    )
    for (const { id, text } of rows) {
      const expected = JSON.stringify(documents[Number(id)])
      if (text !== expected) throw new Error(`${text} is not ${expected}`)
    }
    if (rows.length !== documents.length) throw new Error(`${rows.length} of ${documents.length} documents`)
  })
  await t.resolves(fc.assert(law, { numRuns: 40 }))
})

void t.test('a document is read before commit returns', { skip }, async (t) => {
  const { store, cleanUp } = await server!.open()
  t.teardown(cleanUp)
  const build = await store.create('documents', 1, { all: {} })
  const documents = [{ list: [{ n: 1 }], 'a.b': 1 }, { $odd: { n: 1 } }]
  const before = documents.map((document) => JSON.stringify(document))
  const writes = documents.map((document, n): Write => ({ id: `${n}`, document }))
  const commit = build.commit({ expected: 0, checkpoint: 1, writes: { all: writes } })
  documents[0]!.list![0]!.n = 2
  documents[1]!.$odd!.n = 2
  writes.length = 0
  await commit
  t.same(
    (await build.page('all', { limit: 9 })).rows.map(({ text }) => text),
    before,
  )
})

void t.test('can be browsed: a field of a document is a field of the server', { skip }, async (t) => {
  const { store, database, cleanUp } = await server!.open()
  t.teardown(cleanUp)
  const build = await store.create('browse', 1, { people: {} })
  await build.commit({
    expected: 0,
    checkpoint: 1,
    writes: { people: [{ id: 'amy', document: { home: { city: 'Berlin' }, ages: [1, 2] } }] },
  })
  const people = server!.client.db(database).collection(`documents.browse.people.${build.build}`)
  const found = await people.findOne({ 'doc.home.city': 'Berlin', 'doc.ages': 2 })
  t.same(found, { _id: 'amy', doc: { home: { city: 'Berlin' }, ages: [1, 2] } })
})

function nested(levels: number): Document {
  let document: Document = {}
  for (let level = 0; level < levels; level++) document = { inner: document }
  return document
}
