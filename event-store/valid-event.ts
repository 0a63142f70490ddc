import type { NewEvent } from '../domain/event.js'
import { isUuid } from '../domain/uuid.js'
import { InvalidEvent } from './errors.js'

/**
 * What every log asks of an event.
 *
 * @throws {InvalidEvent}
 */
export function assertValid({ id, stream }: NewEvent): void {
  if (!isUuid(id)) throw new InvalidEvent(`the event id ${JSON.stringify(id)} is not a UUID`)
  if (stream === '') throw new InvalidEvent(`event ${id} names no stream`)
}
