import type { Event, NewEvent } from '../domain/event.js'
import { uuidV5Namespace } from '../domain/uuid.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { EventStore } from '../event-store/port.js'

/** A request with an idempotency key was carried out, and this was the answer. */
type RequestAnswered = Event<'RequestAnswered', { readonly digest: string; readonly answer: object }>

/** The key was used before, for another request. */
export class KeyReused extends Error {
  readonly code = 'idempotency-key-reused'
}

const requestId = uuidV5Namespace('e7a2b7c4-9d0b-5d0a-b7a5-0f6c4f4f0d38')

/**
 * Carries a request out once for its idempotency key: a repetition gets the first answer. The work itself must
 * have its effect once as well, because a crash may come between it and its answer.
 *
 * @param digest of the request: another one under the same key is refused
 * @throws {KeyReused}
 */
export async function answerOnce<Answer extends object>(
  eventStore: EventStore,
  { key, digest }: { readonly key: string; readonly digest: string },
  work: () => Promise<Answer>,
): Promise<Answer> {
  const id = requestId(key)
  const stream = `request-${id}`
  const earlier = await earlierAnswer<Answer>(eventStore, stream, digest)
  if (earlier) return earlier
  const answer = await work()
  const event: NewEvent<RequestAnswered> = {
    id,
    stream,
    type: 'RequestAnswered',
    data: { digest, answer },
    metadata: { correlationId: id },
  }
  try {
    await eventStore.append([event], [{ stream, revision: 'none' }])
    return (await earlierAnswer<Answer>(eventStore, stream, digest)) ?? answer
  } catch (error) {
    if (!(error instanceof RevisionConflict)) throw error
    return (await earlierAnswer<Answer>(eventStore, stream, digest)) ?? answer
  }
}

async function earlierAnswer<Answer>(
  eventStore: EventStore,
  stream: string,
  digest: string,
): Promise<Answer | undefined> {
  const [event] = await eventStore.readStream(stream, { limit: 1 })
  if (!event) return undefined
  const answered = event.data as RequestAnswered['data']
  if (answered.digest !== digest) {
    throw new KeyReused('the idempotency key was used for another request: take a new key for a new request')
  }
  return answered.answer as Answer
}
