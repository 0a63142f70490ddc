import avro, { type Schema } from 'avsc'

/** What Avro's logical types are in JSON. Of bare numbers nobody could tell what they mean. */
export const logicalTypes = {
  'timestamp-millis': instant(1),
  'timestamp-micros': instant(1_000),
  decimal: decimal(),
}

/** ISO 8601 in UTC, to the millisecond, or as fine as it is: nothing is rounded. */
function instant(unitsAMillisecond: number) {
  return class Instant extends avro.types.LogicalType {
    protected override _fromValue(units: number): string {
      const text = new Date(Math.floor(units / unitsAMillisecond)).toISOString()
      const finer = units - Math.floor(units / unitsAMillisecond) * unitsAMillisecond
      return finer === 0 ? text : text.replace('Z', `${String(finer).padStart(3, '0')}Z`)
    }
  }
}

/** A decimal string: the unscaled value comes as a big-endian two's complement. Nothing is rounded. */
function decimal() {
  return class Decimal extends avro.types.LogicalType {
    readonly #scale: number

    constructor(schema: Schema, opts?: unknown) {
      super(schema, opts)
      this.#scale = (schema as { scale?: number }).scale ?? 0
    }

    protected override _fromValue(bytes: Uint8Array): string {
      const hex = Buffer.from(bytes).toString('hex')
      const unscaled = BigInt.asIntN(bytes.length * 8, BigInt(hex === '' ? 0 : `0x${hex}`))
      const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(this.#scale + 1, '0')
      const whole = digits.slice(0, digits.length - this.#scale)
      const sign = unscaled < 0n ? '-' : ''
      return this.#scale === 0 ? sign + whole : `${sign}${whole}.${digits.slice(-this.#scale)}`
    }
  }
}
