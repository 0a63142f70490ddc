import kafkajs, { CompressionTypes } from 'kafkajs'

// Not every name of a CommonJS module can be imported by itself.
const { CompressionCodecs } = kafkajs

/**
 * Teaches kafkajs, which only knows gzip itself, to unpack what other producers send. We pack nothing. The libraries are
 * loaded when the first such batch comes.
 */
export function registerCodecs(): void {
  CompressionCodecs[CompressionTypes.Snappy] = () => unpacking(unpackSnappy)
  CompressionCodecs[CompressionTypes.LZ4] = () => unpacking(unpackLz4)
  CompressionCodecs[CompressionTypes.ZSTD] = () => unpacking(unpackZstandard)
}

type Unpack = (packed: Buffer) => Promise<Buffer>

function unpacking(unpack: Unpack) {
  return {
    compress: () => Promise.reject(new TypeError('nothing is packed here')),
    decompress: unpack,
  }
}

/** Plain Snappy, or the blocks of Snappy in which the Java client frames it (those of the library snappy-java). */
async function unpackSnappy(packed: Buffer): Promise<Buffer> {
  const { uncompress } = await import('snappy')
  const unpacked = async (block: Buffer) => Buffer.from(await uncompress(block))
  if (!packed.subarray(0, magic.length).equals(magic)) return unpacked(packed)
  const blocks: Buffer[] = []
  for (let at = headerBytes; at < packed.length;) {
    const length = packed.readInt32BE(at)
    blocks.push(await unpacked(packed.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}

const magic = Buffer.from('\x82SNAPPY\0', 'latin1')
/** The magic bytes, a version, and the oldest version that can read it. */
const headerBytes = magic.length + 8

async function unpackLz4(packed: Buffer): Promise<Buffer> {
  const { decompressFrame } = await import('lz4-napi')
  return decompressFrame(packed)
}

async function unpackZstandard(packed: Buffer): Promise<Buffer> {
  const { decompress } = await import('fzstd')
  return Buffer.from(decompress(packed))
}
