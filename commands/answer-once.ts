import type { Event, NewEvent } from '../domain/event.js'
import { uuidV5Namespace } from '../domain/uuid.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore, ExpectedRevision } from '../event-store/port.js'

/** A request with an idempotency key is about to be carried out: no other one can be. */
type RequestClaimed = Event<'RequestClaimed', { readonly digest: string }>
/** It was carried out, and this was the answer. */
type RequestAnswered = Event<'RequestAnswered', { readonly answer: object }>

/** The key was used before, for another request. */
export class KeyReused extends Error {
  readonly code = 'idempotency-key-reused'
}

const requestId = uuidV5Namespace('e7a2b7c4-9d0b-5d0a-b7a5-0f6c4f4f0d38')
const answerId = uuidV5Namespace('5b1d8c0e-3f5a-5c76-9a52-6d1f8f2c7e94')

/**
 * Carries a request out once for its idempotency key: a repetition gets the first answer. The work itself must have its
 * effect once as well, because a crash may come between it and its answer, and the same request may be under way in
 * another process. Once begun, the key belongs to this request, even if the work fails.
 *
 * @param digest of the request: another one under the same key is refused, before anything is done for it
 * @throws {KeyReused}
 */
export async function answerOnce<Answer extends object>(
  eventStore: EventStore,
  { key, digest }: { readonly key: string; readonly digest: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const id = requestId(key)
  const stream = `request-${id}`
  const metadata = { correlationId: id }
  const earlier = await earlierAnswer<Answer>(eventStore, stream, digest)
  if (earlier) return earlier
  const claimed: NewEvent<RequestClaimed> = { id, stream, type: 'RequestClaimed', data: { digest }, metadata }
  if (!(await isFirst(eventStore, claimed, 'none'))) {
    const meanwhile = await earlierAnswer<Answer>(eventStore, stream, digest)
    if (meanwhile) return meanwhile
  }
  const answer = await work()
  const type = 'RequestAnswered'
  const answered: NewEvent<RequestAnswered> = { id: answerId(key), stream, type, data: { answer }, metadata }
  if (await isFirst(eventStore, answered, 0)) return answer
  return (await earlierAnswer<Answer>(eventStore, stream, digest)) ?? answer
}

/** Appends an event to its stream, unless somebody else was there first: then false. */
async function isFirst(
  eventStore: EventStore,
  event: NewEvent,
  revision: ExpectedRevision,
): Promise<boolean> {
  try {
    const { events } = await eventStore.append([event], [{ stream: event.stream, revision }])
    return events.every(({ duplicate }) => !duplicate)
  } catch (error) {
    if (error instanceof RevisionConflict) return false
    throw error
  }
}

async function earlierAnswer<Answer>(
  eventStore: EventStore,
  stream: string,
  digest: string,
): Promise<Answer | undefined> {
  const [claimed, answered] = await eventStore.readStream(stream, { limit: 2 })
  if (claimed && (claimed.data as RequestClaimed['data']).digest !== digest) {
    throw new KeyReused('the idempotency key was used for another request: take a new key for a new request')
  }
  return answered && ((answered.data as RequestAnswered['data']).answer as Answer)
}
