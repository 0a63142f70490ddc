import { Type, type Static } from 'typebox'
import { Compile } from 'typebox/schema'
import { AnyOtherType, Key, Label, Timestamp } from './fields.js'
import { recordParser } from './record-parser.js'
import { recordTypeOf } from './record-type.js'
import type { OfSession, SessionClosed, SessionCreated, SessionEvent } from './session.js'
import { formatTimestamp, parseTimestamp } from './timestamp.js'

const common = {
  id: Key('The id of the session.', 'session-1'),
  userId: Type.Optional(Key('Whose session it is. Nothing depends on it.', 'user-1')),
  processedAt: Timestamp('When it happened.'),
}
const UserSessionCreatedEvent = Type.Object(
  {
    type: Type.Literal('UserSessionCreatedEvent'),
    ...common,
    clientCountryCode: Label('Where the client is.', 'PL'),
  },
  { description: 'A session has begun.' },
)
const UserSessionClosedEvent = Type.Object(
  { type: Type.Literal('UserSessionClosedEvent'), ...common },
  { description: 'A session has ended. It only moves the clock.' },
)

/** A record of a session as it comes in, as JSON. Other fields are ignored. */
export const SessionEventInput = Type.Union([UserSessionCreatedEvent, UserSessionClosedEvent, AnyOtherType], {
  description: 'Something that happened to a session.',
})

/**
 * Checks a record of a session that came in as JSON.
 *
 * @returns the fact that it tells; undefined if it is of a type that carries nothing for us
 * @throws {InvalidRecord} with a path for each fault
 */
export function parseSessionEvent(value: unknown): SessionEvent | undefined {
  const type = recordTypeOf(value)
  if (type === 'UserSessionCreatedEvent') return parseCreated(value)
  return type === 'UserSessionClosedEvent' ? parseClosed(value) : undefined
}

const userSessionCreatedEvents = Compile(UserSessionCreatedEvent)
const userSessionClosedEvents = Compile(UserSessionClosedEvent)
const fields = {
  type: { code: 'invalid-type' },
  id: { code: 'invalid-id' },
  userId: { code: 'invalid-id' },
  processedAt: { code: 'invalid-timestamp', read: parseTimestamp },
} as const

const parseCreated = recordParser<Static<typeof UserSessionCreatedEvent>, SessionCreated>({
  validator: userSessionCreatedEvents,
  fields: { ...fields, clientCountryCode: { code: 'invalid-text' } },
  build: ({ clientCountryCode, ...input }) => ({
    type: 'SessionCreated',
    data: { ...ofSession(input), clientCountryCode },
  }),
})

const parseClosed = recordParser<Static<typeof UserSessionClosedEvent>, SessionClosed>({
  validator: userSessionClosedEvents,
  fields,
  build: (input) => ({ type: 'SessionClosed', data: ofSession(input) }),
})

function ofSession(input: { id: string; userId?: string | undefined; processedAt: string }): OfSession {
  const { id, userId } = input
  const processedAt = formatTimestamp(parseTimestamp(input.processedAt))
  return { sessionId: id, ...(userId !== undefined && { userId }), processedAt }
}
