import t from 'tap'
import { deadLetterStream, rawBytes, recordRejected } from '../../domain/dead-letter.js'
import { MAX_RECORD_BYTES } from '../../domain/record-size.js'
import { isUuid } from '../../domain/uuid.js'

const rejection = {
  kind: 'data-records',
  reason: 'invalid-bytes',
  detail: 'recordedBytes is -1',
  raw: Buffer.from('a;b'),
}
const metadata = { source: 'file:abc#7' }

void t.test('keeps the record, the reason and the coordinate', async (t) => {
  const event = recordRejected(rejection, metadata)
  t.match(event, {
    type: 'RecordRejected',
    stream: deadLetterStream(event.data.deadLetterId),
    data: {
      kind: 'data-records',
      reason: 'invalid-bytes',
      detail: 'recordedBytes is -1',
      raw: 'a;b',
      encoding: 'utf8',
    },
    metadata,
  })
  t.ok(isUuid(event.id))
})

void t.test('the same source record is one dead letter, however often and for whatever reason', async (t) => {
  const first = recordRejected(rejection, metadata)
  const again = recordRejected({ ...rejection, reason: 'conflicting-duplicate' }, metadata)
  t.equal(again.id, first.id)
  t.equal(again.stream, first.stream)
})

void t.test('records of other coordinates and other kinds are other dead letters', async (t) => {
  const letters = [
    recordRejected(rejection, metadata),
    recordRejected(rejection, { source: 'file:abc#8' }),
    // The same file was imported as agreements first, by mistake.
    recordRejected({ ...rejection, kind: 'agreements' }, metadata),
  ]
  t.equal(new Set(letters.map(({ id }) => id)).size, 3)
  t.equal(new Set(letters.map(({ stream }) => stream)).size, 3)
})

void t.test('every byte comes back, text or not', async (t) => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const cases: [Buffer, 'utf8' | 'base64'][] = [
    [Buffer.alloc(0), 'utf8'],
    [Buffer.from('zażółć 🙂'), 'utf8'],
    [Buffer.from('\ufeffa;b'), 'utf8'],
    [Buffer.from('a\0b\r\u2028'), 'utf8'],
    [all, 'base64'],
    [Buffer.from([0xff]), 'base64'],
    // Half a character, an overlong one, and a surrogate: none of them is UTF-8.
    [Buffer.from('ż').subarray(0, 1), 'base64'],
    [Buffer.from([0xc0, 0x80]), 'base64'],
    [Buffer.from([0xed, 0xa0, 0x80]), 'base64'],
  ]
  for (const [raw, encoding] of cases) {
    const { data } = recordRejected({ ...rejection, raw }, metadata)
    t.equal(data.encoding, encoding)
    // As it comes back from the log.
    const stored = JSON.parse(JSON.stringify(data)) as typeof data
    t.ok(rawBytes(stored).equals(raw), raw.toString('hex'))
  }
})

void t.test('the largest record fits into an event of 1 MiB, whatever its bytes are', async (t) => {
  for (const bytes of [Buffer.alloc(MAX_RECORD_BYTES, 0), Buffer.alloc(MAX_RECORD_BYTES, 0xff)]) {
    const event = recordRejected({ ...rejection, raw: bytes }, metadata)
    t.ok(JSON.stringify(event).length < 1_000_000)
    t.ok(rawBytes(event.data).equals(bytes))
  }
  const text = recordRejected({ ...rejection, raw: Buffer.alloc(MAX_RECORD_BYTES, 'x') }, metadata)
  t.equal(text.data.encoding, 'utf8', 'what is readable stays so')
})
