import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { compareBytewise } from './bytewise.js'
import type { Event, Metadata, NewEvent } from './event.js'
import { Key, Label } from './names.js'
import { recordParser } from './record-parser.js'
import { recordTypeOf } from './record-type.js'
import { formatTimestamp, parseTimestamp, Timestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

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
export const UserEventInput = Type.Union(
  [
    ChangeAddressEvent,
    ChangeBirthDateEvent,
    Type.Object({ type: Type.String() }, { description: 'Any other type carries nothing for us.' }),
  ],
  { description: 'Something that happened to a user.' },
)

interface UserChange {
  /** Empty if the record had none. */
  readonly id: string
  readonly userId: string
  /** ISO 8601, UTC. */
  readonly processedAt: string
}
export type AddressChanged = Event<
  'AddressChanged',
  UserChange & {
    readonly residentCountryCode: string
    readonly address?: string
    readonly postalCode?: string
  }
>
export type BirthDateChanged = Event<
  'BirthDateChanged',
  UserChange & { readonly birthYear: number; readonly birthCityPlace?: string }
>
/** Events of the streams `user-<userId>`. */
export type UserEvent = AddressChanged | BirthDateChanged

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

/**
 * The fact for the log. Records of users have no identity but what they say, all of it: so a repetition is recognised,
 * and another record is another event whatever its id.
 */
export function userChanged({ type, data }: UserEvent, metadata: Metadata): NewEvent<UserEvent> {
  return { id: changeId(JSON.stringify([type, data])), stream: `user-${data.userId}`, type, data, metadata }
}

/** One value of one field of a user, from a time on (epoch milliseconds). */
export type Change<Value extends string | number = string | number> = readonly [
  from: number,
  id: string,
  value: Value,
]

/**
 * Puts a change into a history that is in order: by time, then id, then value, so that the order does not depend on
 * which came first.
 *
 * @returns its place; -1 if the very change is there already
 */
export function insertChange(history: Change[], change: Change): number {
  let at = history.length
  while (at > 0) {
    const order = compareChanges(history[at - 1] ?? change, change)
    if (order === 0) return -1
    if (order < 0) break
    at--
  }
  history.splice(at, 0, change)
  return at
}

/** The value as of an instant: of the latest change that is not after it. */
export function valueAt<Value extends string | number>(
  history: readonly Change<Value>[],
  instant: number,
): Value | undefined {
  for (let at = history.length - 1; at >= 0; at--) {
    const change = history[at]
    if (change && change[0] <= instant) return change[2]
  }
  return undefined
}

/** Earlier, then the lesser id, then the lesser value, bytewise: of two changes the greater one counts. */
export function compareChanges(a: Change, b: Change): number {
  return a[0] - b[0] || compareBytewise(a[1], b[1]) || compareBytewise(String(a[2]), String(b[2]))
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

const changeId = uuidV5Namespace('1c6f2d8b-90f4-4f0c-8a57-0e9b61a4b6d3')
