import t from 'tap'
import { nothingRead, sourceEvent, sourceStream } from '../../domain/source.js'
import { isUuid } from '../../domain/uuid.js'

const claimed = { type: 'SourceClaimed', data: { source: 'file:abc', path: 'a.csv' } } as const
const stream = sourceStream('data-records', 'abc')

void t.test('a source is known by kind and content', async (t) => {
  t.equal(stream, 'source-data-records-abc')
  t.not(sourceStream('agreements', 'abc'), stream)
})

void t.test('nothing has come of a source that nobody has read', async (t) => {
  t.same(nothingRead, { read: 0, appended: 0, duplicates: 0, ignored: 0, rejected: 0 })
})

void t.test('what one reader says at one place of the stream is said once', async (t) => {
  const event = sourceEvent(stream, 'reader-1', 0, claimed)
  t.match(event, { stream, ...claimed, metadata: { correlationId: 'reader-1' } })
  t.ok(isUuid(event.id))
  t.equal(sourceEvent(stream, 'reader-1', 0, claimed).id, event.id)
})

void t.test('other readers, places and sources say something else', async (t) => {
  const ids = [
    sourceEvent(stream, 'reader-1', 0, claimed),
    sourceEvent(stream, 'reader-2', 0, claimed),
    sourceEvent(stream, 'reader-1', 1, claimed),
    sourceEvent(sourceStream('data-records', 'abd'), 'reader-1', 0, claimed),
  ].map(({ id }) => id)
  t.equal(new Set(ids).size, ids.length)
})
