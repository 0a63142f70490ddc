import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { AnyOtherType, Key, Label, Timestamp } from './fields.js'
import { recordParser } from './record-parser.js'
import { recordTypeOf } from './record-type.js'
import { formatTimestamp, parseTimestamp } from './timestamp.js'
import type { AddressChanged, BirthDateChanged, UserChange, UserEvent } from './user-info.js'

const common = {
  id: Type.Optional(
    Type.String({
      description:
        'The id of the record. It may come again for another user, or with other content: of several changes at ' +
        'one time the one with the greatest id counts.',
      pattern: '^[^\\p{Cc}\\p{Cs}]{1,200}$',
      examples: ['4f6f1f0a'],
    }),
  ),
  userId: Key('Who has changed.', 'user-1'),
  processedAt: Timestamp('From when on it holds.'),
}
const ChangeAddressEvent = Type.Object(
  {
    type: Type.Literal('ChangeAddressEvent'),
    ...common,
    residentCountryCode: Label('Where the user lives now.', 'PL'),
    address: Type.Optional(Label('Kept as it is.', '1 Long Street')),
    postalCode: Type.Optional(Label('Kept as it is.', '00-001')),
  },
  { description: 'A user has another address.' },
)
const ChangeBirthDateEvent = Type.Object(
  {
    type: Type.Literal('ChangeBirthDateEvent'),
    ...common,
    birthYear: Type.Integer({ description: 'Of the user.', minimum: 1, maximum: 9999, examples: [1984] }),
    birthCityPlace: Type.Optional(Label('Kept as it is.', 'Gdynia')),
  },
  { description: 'A user was born at another time than was known.' },
)

/** A record of a user as it comes in, as JSON. Other fields are ignored. */
export const UserEventInput = Type.Union([ChangeAddressEvent, ChangeBirthDateEvent, AnyOtherType], {
  description: 'Something that happened to a user.',
})

/**
 * Checks a record of a user that came in as JSON.
 *
 * @returns the fact that it tells; undefined if it is of a type that carries nothing for us
 * @throws {InvalidRecord} with a path for each fault
 */
export function parseUserEvent(value: unknown): UserEvent | undefined {
  const type = recordTypeOf(value)
  if (type === 'ChangeAddressEvent') return parseAddress(value)
  return type === 'ChangeBirthDateEvent' ? parseBirthDate(value) : undefined
}

const changeAddressEvents = Compile(ChangeAddressEvent)
const changeBirthDateEvents = Compile(ChangeBirthDateEvent)
const fields = {
  type: { code: 'invalid-type' },
  id: { code: 'invalid-id' },
  userId: { code: 'invalid-id' },
  processedAt: { code: 'invalid-timestamp', read: parseTimestamp },
} as const

const parseAddress = recordParser<Static<typeof ChangeAddressEvent>, AddressChanged>({
  validator: changeAddressEvents,
  fields: {
    ...fields,
    residentCountryCode: { code: 'invalid-text' },
    address: { code: 'invalid-text' },
    postalCode: { code: 'invalid-text' },
  },
  build: ({ residentCountryCode, address, postalCode, ...input }) => ({
    type: 'AddressChanged',
    data: {
      ...changeOf(input),
      residentCountryCode,
      ...(address !== undefined && { address }),
      ...(postalCode !== undefined && { postalCode }),
    },
  }),
})

const parseBirthDate = recordParser<Static<typeof ChangeBirthDateEvent>, BirthDateChanged>({
  validator: changeBirthDateEvents,
  fields: { ...fields, birthYear: { code: 'invalid-year' }, birthCityPlace: { code: 'invalid-text' } },
  build: ({ birthYear, birthCityPlace, ...input }) => ({
    type: 'BirthDateChanged',
    data: { ...changeOf(input), birthYear, ...(birthCityPlace !== undefined && { birthCityPlace }) },
  }),
})

function changeOf({
  id = '',
  userId,
  processedAt,
}: Partial<UserChange> & Omit<UserChange, 'id'>): UserChange {
  return { id, userId, processedAt: formatTimestamp(parseTimestamp(processedAt)) }
}
