import { arrivalOf } from '../../bridge/arrivals.js'
import type { KindName } from '../../bridge/formats/kind-names.js'
import { LineSplitter } from '../../bridge/formats/lines.js'
import type { Arrival } from '../../commands/intake.js'
import { rawBytes, type RecordRejected } from '../../domain/dead-letter.js'
import { type EmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { wholeLog } from '../projections/tidemark.js'

/** Lines as they arrive from a source. */
export function arriving(
  source: string,
  lines: readonly string[],
  kind: KindName = 'data-records',
): Arrival[] {
  const text = lines.map((line) => line + '\n').join('')
  return new LineSplitter().push(Buffer.from(text)).map((line) => arrivalOf(kind, line, source)!)
}

export const line = (id: string, bytes = 10) => `${id};2020-01-10T00:00:00Z;48100200300;${bytes}`

/** The dead letters that a log has, in their order. */
export async function deadLetters(eventStore: EmbeddedEventStore) {
  const log = await wholeLog(eventStore, ['deadletter'])
  return log.map(({ data, metadata }) => {
    const { kind, reason, ...rest } = data as RecordRejected['data']
    return { kind, reason, raw: rawBytes(rest).toString(), source: metadata.source }
  })
}
