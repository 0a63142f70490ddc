import kafkajs, { CompressionTypes } from 'kafkajs'
import { compressFrame } from 'lz4-napi'
import { compress } from 'snappy'
import t from 'tap'
import { registerCodecs } from '../../bridge/kafka/codecs.js'
import { csv, csvs, idsOf } from './kafka-log.js'
import { openLog } from '../event-store/open-log.js'
import { bridgeOver, eventsOf, withKafka } from './kafka-server.js'

t.setTimeout(120_000)

const { CompressionCodecs } = kafkajs

type Pack = (bytes: Buffer) => Promise<Buffer>
interface Codec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(packed: Buffer): Promise<Buffer>
}

/** How producers pack: the bridge itself packs nothing. */
const packs: readonly [name: string, type: CompressionTypes, pack: Pack][] = [
  ['Snappy', CompressionTypes.Snappy, async (bytes) => Buffer.from(await compress(bytes))],
  ['Snappy as the Java client frames it', CompressionTypes.Snappy, framedSnappy],
  ['LZ4', CompressionTypes.LZ4, async (bytes) => compressFrame(bytes)],
  ['Zstandard', CompressionTypes.ZSTD, zstandardFrame],
]

async function framedSnappy(bytes: Buffer): Promise<Buffer> {
  const header = Buffer.from('\x82SNAPPY\0\0\0\0\x01\0\0\0\x01', 'latin1')
  const parts = [header]
  for (let at = 0; at < bytes.length; at += 1_000) {
    const block = Buffer.from(await compress(bytes.subarray(at, at + 1_000)))
    const length = Buffer.alloc(4)
    length.writeInt32BE(block.length)
    parts.push(length, block)
  }
  return Buffer.concat(parts)
}

/** One frame (RFC 8878, section 3.1.1) of blocks that are not compressed: Node 20 cannot make others. */
async function zstandardFrame(bytes: Buffer): Promise<Buffer> {
  const [magic, singleSegmentOf4Bytes] = [[0x28, 0xb5, 0x2f, 0xfd], 0xa0]
  const size = Buffer.alloc(4)
  size.writeUInt32LE(bytes.length)
  const parts = [Buffer.from([...magic, singleSegmentOf4Bytes]), size]
  for (let at = 0; at < bytes.length; at += 1_000) {
    const block = Buffer.from(bytes.subarray(at, at + 1_000))
    const header = Buffer.alloc(3)
    header.writeUIntLE((block.length << 3) | Number(at + 1_000 >= bytes.length), 0, 3)
    parts.push(header, block)
  }
  return Buffer.concat(parts)
}

/** The bridge's codec. */
function codecOf(type: CompressionTypes): Codec {
  registerCodecs()
  return (CompressionCodecs as Readonly<Record<number, () => Codec>>)[type]!()
}

for (const [name, type, pack] of packs) {
  void t.test(`${name} is unpacked`, async (t) => {
    const bytes = Buffer.from(Array.from({ length: 500 }, (_, n) => csv(n)).join('\n'))
    t.ok((await codecOf(type).decompress(await pack(bytes))).equals(bytes))
  })
}

void t.test('what the programs of Zstandard have packed is unpacked', async (t) => {
  const packed = 'KLUv/QRorQAAeGhlbGxvIHRpZGVtYXJrCgEAAUsRkgzyzg=='
  const bytes = await codecOf(CompressionTypes.ZSTD).decompress(Buffer.from(packed, 'base64'))
  t.equal(bytes.toString(), 'hello hello hello hello hello tidemark\n')
})

void t.test('nothing is packed here', async (t) => {
  await t.rejects(codecOf(CompressionTypes.LZ4).compress({ buffer: Buffer.from('a') }), TypeError)
})

await withKafka(t, (kafka) => {
  void t.test('batches are read however they are packed', async (t) => {
    const eventStore = openLog(t)
    const settings = await kafka.settings()
    const producer = kafka.client().producer()
    await producer.connect()
    t.teardown(() => producer.disconnect())
    const send = (first: number, compression: CompressionTypes) =>
      producer.send({ topic: settings.records, messages: csvs(first, 100), compression })
    await send(0, CompressionTypes.None)
    await send(100, CompressionTypes.GZIP)
    for (const [n, [, type, pack]] of packs.entries()) {
      const packing = { compress: ({ buffer }: { buffer: Buffer }) => pack(buffer) }
      ;(CompressionCodecs as Record<number, () => Pick<Codec, 'compress'>>)[type] = () => packing
      await send(200 + n * 100, type)
    }
    bridgeOver(t, kafka, { eventStore, settings })
    const count = 200 + packs.length * 100
    await eventsOf(eventStore, ['subscriber'], count)
    t.same(
      await idsOf(eventStore),
      Array.from({ length: count }, (_, n) => String(n)),
    )
  })
})
