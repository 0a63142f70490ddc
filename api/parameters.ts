import { Type } from 'typebox'

/** Path, query and header parameters that several routes have. Their descriptions are told to whoever gets them wrong. */

const position = Type.Integer({
  description: 'a position of the log, as writes return it: wait until the answer includes it',
  minimum: 0,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** Of every read. */
export const minPosition = Type.Optional(position)

export const ReadQuery = Type.Object({ minPosition })

/** Of every read of one document. */
export const asOf = Type.Optional(
  Type.String({
    description:
      'a position of the log, or an instant in ISO 8601 such as 2020-02-01T00:00:00Z (in an address, + is written %2B): ' +
      'the document as it was believed when the log had got there. Its header As-Of-Position says where that was',
    minLength: 1,
    examples: ['1000', '2020-02-01T00:00:00Z'],
  }),
)

export const DocumentQuery = Type.Object({ minPosition, asOf })

export interface DocumentQuery {
  readonly minPosition?: number
  readonly asOf?: string
}

/** Of every list. */
export const listParameters = {
  limit: Type.Optional(
    Type.Integer({
      description: 'how many items at most, 1 to 1000',
      minimum: 1,
      maximum: 1000,
      default: 100,
    }),
  ),
  cursor: Type.Optional(Type.String({ description: 'the `next` of the page before', minLength: 1 })),
  minPosition,
}

export const ListQuery = Type.Object(listParameters)

export interface ListQuery {
  readonly limit?: number
  readonly cursor?: string
  readonly minPosition?: number
}

export const agreementId = Type.String({
  description: 'the id of an agreement',
  examples: ['0b12c601-9287-3f5c-a78c-df508fe0f889'],
})

export const month = Type.String({
  description: 'a month as yyyy-MM',
  pattern: '^([0-9]{4}|10000)-(0[1-9]|1[0-2])$',
  examples: ['2020-01'],
})

/** Of reads of what was billed: without a month, the one that the billing clock stands in. */
export const MonthQuery = Type.Object({ month: Type.Optional(month), minPosition, asOf })

export const customer = Type.String({ description: 'who is billed', examples: ['Emma'] })

/** Of every write. */
export const WriteHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({
      description:
        '1 to 255 visible ASCII characters: a request that is repeated under its key is carried out once, and answered ' +
        'as the first time',
      pattern: '^[!-~]{1,255}$',
    }),
  ),
})
