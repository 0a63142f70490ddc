import type { Metadata, RecordedEvent } from './event.js'

/** What an event follows from: another event. */
export type Cause = Pick<RecordedEvent, 'id' | 'metadata'>

/** What the metadata of an event say of its cause; nothing, if it has none. */
export function causedBy(cause: Cause | undefined): Metadata {
  if (!cause) return {}
  const { correlationId } = cause.metadata
  return { ...(correlationId === undefined ? {} : { correlationId }), causationId: cause.id }
}
