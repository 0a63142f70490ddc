import { match } from 'ts-pattern'
import type { Event, Metadata, NewEvent } from './event.js'
import { sessionStream } from './session.js'
import { uuidV5Namespace } from './uuid.js'

/** The session service knows the session. `lookup` counts the lookups of one session from 1. */
export type SessionLookedUp = Event<
  'SessionLookedUp',
  { readonly sessionId: string; readonly lookup: number; readonly clientCountryCode: string }
>
/** Why a lookup came to nothing: the service does not know the session, or gave no usable answer. */
export type LookupFailure = 'unknown-session' | 'service-failed'
/** The session service was asked, as often as is worth while, and had no answer. */
export type SessionLookupFailed = Event<
  'SessionLookupFailed',
  {
    readonly sessionId: string
    readonly lookup: number
    readonly reason: LookupFailure
    readonly detail: string
  }
>
/** An operator wants the session service to be asked again. */
export type SessionLookupRetried = Event<
  'SessionLookupRetried',
  { readonly sessionId: string; readonly lookup: number }
>
/** Events about lookups. They stand in the stream of their session. */
export type SessionLookupEvent = SessionLookedUp | SessionLookupFailed | SessionLookupRetried

/** What the session service said. */
export type LookupAnswer =
  | { readonly type: 'found'; readonly clientCountryCode: string }
  | { readonly type: 'failed'; readonly reason: LookupFailure; readonly detail: string }

/** Where the lookups of a session stand, going by its stream. */
export interface LookupState {
  /** How many lookups have been answered or have failed. */
  readonly lookups: number
  /** `open`: never asked, or to be asked again. */
  readonly status: 'open' | 'found' | 'failed'
}

export const neverLookedUp: LookupState = { lookups: 0, status: 'open' }

/** The state after an event of the session's stream; those of other types do not change it. */
export function evolveLookup(state: LookupState, { type, data }: Event): LookupState {
  if (type === 'SessionLookedUp') return { lookups: lookupOf(data), status: 'found' }
  if (type === 'SessionLookupFailed') return { lookups: lookupOf(data), status: 'failed' }
  return type === 'SessionLookupRetried' ? { ...state, status: 'open' } : state
}

/** The answer as a fact. Its id follows from the session and the number of the lookup, so that there is one. */
export function lookupAnswered(
  sessionId: string,
  { lookups }: LookupState,
  answer: LookupAnswer,
  metadata: Metadata,
): NewEvent<SessionLookupEvent> {
  const lookup = lookups + 1
  const placed = { id: lookupId(`${sessionId}/${lookup}`), stream: sessionStream(sessionId), metadata }
  return match(answer)
    .returnType<NewEvent<SessionLookupEvent>>()
    .with({ type: 'found' }, ({ clientCountryCode }) => ({
      ...placed,
      type: 'SessionLookedUp',
      data: { sessionId, lookup, clientCountryCode },
    }))
    .with({ type: 'failed' }, ({ reason, detail }) => ({
      ...placed,
      type: 'SessionLookupFailed',
      data: { sessionId, lookup, reason, detail },
    }))
    .exhaustive()
}

/** An operator's decision as a fact: the lookup that failed is to be done again. */
export function lookupRetried(
  sessionId: string,
  { lookups }: LookupState,
  metadata: Metadata,
): NewEvent<SessionLookupRetried> {
  return {
    id: lookupId(`${sessionId}/${lookups}/again`),
    stream: sessionStream(sessionId),
    type: 'SessionLookupRetried',
    data: { sessionId, lookup: lookups + 1 },
    metadata,
  }
}

function lookupOf(data: object): number {
  return (data as SessionLookedUp['data']).lookup
}

const lookupId = uuidV5Namespace('b6b1a0d4-7e2f-4f0a-9d8e-44f0c7f1d5a2')
