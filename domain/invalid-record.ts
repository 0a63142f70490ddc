import { faultCodes, type Fault, type FaultCode } from './fault.js'

/** A value that does not mean what it should. Where it stood in its record is for the caller to say. */
export class InvalidValue extends Error {
  override get name(): string {
    return this.constructor.name
  }
  constructor(
    readonly code: FaultCode,
    message: string,
  ) {
    super(message)
  }
}

/** A record that cannot be used, with everything that was found wrong with it. */
export class InvalidRecord extends Error {
  /** The first fault's. */
  readonly code: FaultCode
  /** The first fault's, as a JSON pointer; empty for the record as a whole. */
  readonly path: string
  /** One sentence for every fault. */
  readonly detail: string

  override get name(): string {
    return 'InvalidRecord'
  }

  constructor(readonly faults: readonly [Fault, ...Fault[]]) {
    const detail = faults.map((fault) => fault.detail).join('; ')
    super(detail)
    this.code = faults[0].code
    this.path = faults[0].path
    this.detail = detail
  }
}

/** A record that is refused as a whole. */
export function refused(
  code: FaultCode,
  detail = `the record is refused: ${faultCodes[code]}`,
): InvalidRecord {
  return new InvalidRecord([{ path: '', code, detail }])
}
