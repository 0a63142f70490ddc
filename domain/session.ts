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
export const SessionEventInput = Type.Union(
  [
    UserSessionCreatedEvent,
    UserSessionClosedEvent,
    Type.Object({ type: Type.String() }, { description: 'Any other type carries nothing for us.' }),
  ],
  { description: 'Something that happened to a session.' },
)

interface OfSession {
  readonly sessionId: string
  readonly userId?: string
  /** ISO 8601, UTC. */
  readonly processedAt: string
}
export type SessionCreated = Event<'SessionCreated', OfSession & { readonly clientCountryCode: string }>
export type SessionClosed = Event<'SessionClosed', OfSession>
/** The facts about sessions that sources bring. They stand in the streams `session-<sessionId>`. */
export type SessionEvent = SessionCreated | SessionClosed

/** The beginning of a session as money sees it. */
export interface Creation {
  /** Epoch milliseconds. */
  readonly processedAt: number
  readonly clientCountryCode: string
}

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

/** The fact for the log. As with users, what is said is the only identity: a repetition is recognised. */
export function sessionChanged({ type, data }: SessionEvent, metadata: Metadata): NewEvent<SessionEvent> {
  const id = changeId(JSON.stringify([type, data]))
  return { id, stream: sessionStream(data.sessionId), type, data, metadata }
}

export function sessionStream(sessionId: string): string {
  return `session-${sessionId}`
}

/** Of several creations of one session, the one that counts: the least time, then the least country code. */
export function firstCreation(known: Creation | null, other: Creation): Creation {
  if (!known || other.processedAt < known.processedAt) return other
  if (other.processedAt > known.processedAt) return known
  return compareBytewise(other.clientCountryCode, known.clientCountryCode) < 0 ? other : known
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

const changeId = uuidV5Namespace('e2c6a5f1-6a0e-4c0e-9b77-5d1c2b8f3a90')
