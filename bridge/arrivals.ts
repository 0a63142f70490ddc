import type { Arrival } from '../commands/intake.js'
import { recordRejected } from '../domain/dead-letter.js'
import type { NewEvent } from '../domain/event.js'
import { InvalidRecord } from '../domain/invalid-record.js'
import { kinds, type Kind, type KindName } from './formats/kinds.js'
import type { Line } from './formats/lines.js'

type SourcedEvent = NewEvent & { readonly metadata: { readonly source: string } }

/**
 * What a line of a file is to the log: the fact that it tells, or a dead letter that keeps all of its bytes. Undefined
 * if it carries nothing for us.
 */
export function arrivalOf(kindName: KindName, line: Line, source: string): Arrival | undefined {
  const metadata = { source: `${source}#${line.number}` }
  const raw = () => Buffer.from(line.raw)
  try {
    const event = factOf(kindName, line, metadata)
    return event && { event, kind: kindName, raw }
  } catch (error) {
    if (!(error instanceof InvalidRecord)) throw error
    const { code: reason, detail } = error
    const event = recordRejected({ kind: kindName, reason, detail, raw: raw() }, metadata) as SourcedEvent
    return { event, kind: kindName, raw }
  }
}

/**
 * The fact that a line tells; undefined if it carries nothing for us.
 *
 * @throws {InvalidRecord}
 */
export function factOf(
  kindName: KindName,
  line: Line,
  metadata: SourcedEvent['metadata'],
): SourcedEvent | undefined {
  const kind = kinds[kindName] as Kind<unknown>
  return kind.event(kind.parseLine(line), metadata) as SourcedEvent | undefined
}
