import fc from 'fast-check'
import t from 'tap'
import { linesOf, LineSplitter, type Line } from '../../bridge/formats/lines.js'
import { MAX_RECORD_BYTES, MOST_KEPT_BYTES } from '../../domain/record-size.js'

/** The lines of chunks, as a stream gives them. */
async function lines(...chunks: (string | Uint8Array)[]): Promise<Line[]> {
  const stream = async function* () {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
  }
  const all: Line[] = []
  for await (const page of linesOf(stream())) all.push(...page)
  return all
}
const texts = (lines: readonly Line[]) => lines.map((line) => line.text)

void t.test('numbers lines from 1 and keeps their bytes', async (t) => {
  const [first, second] = await lines('one\ntwo\n')
  t.match(first, { number: 1, text: 'one', terminated: true, fault: undefined })
  t.match(second, { number: 2, text: 'two', terminated: true })
  t.equal(second?.raw.toString(), 'two')
})

void t.test('puts lines together across chunks', async (t) => {
  t.same(texts(await lines('o', 'ne\ntw', 'o', '\n', '\nthree', '\n')), ['one', 'two', 'three'])
  t.same(texts(await lines('ü\n'.repeat(3))), ['ü', 'ü', 'ü'])
  const bytes = Buffer.from('a🙂b\nc\n')
  t.same(texts(await lines(bytes.subarray(0, 3), bytes.subarray(3))), ['a🙂b', 'c'], 'a character cut in two')
})

void t.test('leaves out empty lines, but counts them in the numbers', async (t) => {
  const all = await lines('\n\none\n\r\n\ntwo\n\n')
  t.same(
    all.map((line) => [line.number, line.text]),
    [
      [3, 'one'],
      [6, 'two'],
    ],
  )
  t.same(await lines(), [])
  t.same(await lines(''), [])
  t.same(await lines('\n', '\r', '\n'), [])
})

void t.test('strips one carriage return before the line feed', async (t) => {
  t.same(texts(await lines('one\r\ntwo\r', '\nth\rree\r\r\nü\r\n')), ['one', 'two', 'th\rree\r', 'ü'])
  const [line] = await lines('one\r\n')
  t.equal(line?.raw.toString(), 'one')
})

void t.test('marks a last line without a line feed', async (t) => {
  const all = await lines('one\ntwo')
  t.same(
    all.map((line) => [line.text, line.terminated]),
    [
      ['one', true],
      ['two', false],
    ],
  )
})

void t.test('passes over a byte order mark, at the start only', async (t) => {
  t.same(texts(await lines('\ufeffone\n\ufefftwo\n')), ['one', '\ufefftwo'])
  t.same(texts(await lines(Buffer.from([0xef]), Buffer.from([0xbb, 0xbf, 0x61, 0x0a]))), ['a'])
  t.same(await lines('\ufeff\n'), [])
})

void t.test('reports a line that is not UTF-8 with its bytes, and reads on', async (t) => {
  const bad = Buffer.from([0x61, 0xff, 0x62])
  const [one, two, three] = await lines(Buffer.concat([Buffer.from('ü\n'), bad, Buffer.from('\nthree\n')]))
  t.equal(one?.text, 'ü')
  t.match(two, { number: 2, text: '', fault: { path: '', code: 'invalid-utf8' } })
  t.same(two?.raw, bad)
  t.equal(three?.text, 'three')
  const [surrogate] = await lines(Buffer.from([0xed, 0xa0, 0x80, 0x0a]))
  t.equal(surrogate?.fault?.code, 'invalid-utf8', 'an encoded surrogate')
})

void t.test('takes a line of 700 KiB and reports a longer one, in one chunk or in many', async (t) => {
  const longest = 'x'.repeat(MAX_RECORD_BYTES)
  for (const end of ['\n', '\r\n', '']) {
    t.equal((await lines(longest + end))[0]?.text.length, MAX_RECORD_BYTES)
    t.equal((await lines(longest.slice(1), `x${end}`))[0]?.text.length, MAX_RECORD_BYTES)
    for (const chunks of [
      [`${longest}x${end}next`],
      [longest, `x${end}next`],
      [longest, 'x', 'x', `${end}next`],
    ]) {
      const [long, next] = await lines(...chunks)
      t.match(long, {
        number: 1,
        text: '',
        fault: { path: '', code: 'record-too-large' },
        terminated: end !== '',
      })
      const all = chunks.join('')
      const kept = end === '' ? all : all.slice(0, -`${end}next`.length)
      t.equal(long?.raw.toString(), kept, 'all of its bytes are kept')
      if (end !== '') t.match(next, { number: 2, text: 'next', terminated: false })
    }
  }
  const trap = await lines(`${longest}\r`, 'more\n')
  t.equal(trap[0]?.fault?.code, 'record-too-large', 'a carriage return within a line is no end')
})

void t.test('holds no more than one line of a stream without any end', async (t) => {
  const splitter = new LineSplitter()
  const chunk = Buffer.alloc(65_536, 'x')
  const before = process.memoryUsage().arrayBuffers
  const found = Array.from({ length: 4000 }, () => splitter.push(chunk).length)
  t.ok(found.every((lines) => lines === 0))
  t.ok(process.memoryUsage().arrayBuffers - before < 2 * MOST_KEPT_BYTES)
  const [line] = splitter.end()
  t.match(line, { fault: { code: 'record-too-large' }, terminated: false })
  t.equal(line?.raw.length, MOST_KEPT_BYTES)
})

void t.test('law: how a stream is cut into chunks changes nothing', async (t) => {
  const byte = fc.constantFrom(...Buffer.from('ab;ü🙂\ufeff'), 10, 10, 10, 13, 255)
  const cuts = fc.array(fc.nat(60), { maxLength: 6 })
  const plain = ({ number, text, fault, terminated, raw }: Line) => [
    number,
    text,
    fault,
    terminated,
    [...raw],
  ]
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(byte, { maxLength: 60 }),
      cuts,
      async (any, odd, cuts) => {
        const bytes = Buffer.concat([Buffer.from(odd), any])
        const at = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
        const pieces = at.slice(1).map((end, i) => bytes.subarray(at[i], end))
        const [whole, inPieces] = [await lines(bytes), await lines(...pieces)]
        return JSON.stringify(whole.map(plain)) === JSON.stringify(inPieces.map(plain))
      },
    ),
    { numRuns: 500 },
  )
  t.pass()
})

void t.test('law: lines joined again are the text, less what is empty', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ';', 'é') })), async (list) => {
      const read = texts(await lines(list.join('\n')))
      return JSON.stringify(read) === JSON.stringify(list.filter((line) => line !== ''))
    }),
  )
  t.pass()
})
