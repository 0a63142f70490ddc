import {
  AlreadyRecovered,
  retryDeadLetter,
  UnknownDeadLetter,
  type RetryOutcome,
} from '../bridge/dead-letter-retry.js'
import { avroDecoder, type AvroDecoder } from '../bridge/kafka/avro.js'
import { deadLetterStream, type RecordRejected } from '../domain/dead-letter.js'
import type { RecordedEvent } from '../domain/event.js'
import { formatTimestamp } from '../domain/timestamp.js'
import { catchUp } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'
import type { System } from './compose.js'
import { lettersOf } from './dead-letters.js'
import { table } from './output.js'

/** `tidemark dead-letters retry <id…>` or `--all`: tries the records again, as they are. */
export async function retryDeadLetters(
  ids: readonly string[],
  options: { readonly all?: boolean },
  context: Context,
): Promise<void> {
  if (ids.length === 0 && !options.all) throw new WrongUsage('say which dead letters to retry, or --all')
  await withSystem(context, async (system) => {
    await system.settleBillingTimeZone()
    const chosen = [...ids]
    if (options.all) for await (const { id } of lettersOf(system.readStore)) chosen.push(id)
    const outcomes: RetriedLetter[] = []
    const avro = avroDecoder(context.config.schemaRegistry)
    for (const id of chosen) outcomes.push(await retry(system, id, avro, context))
    await catchUp(system)
    context.output.result(outcomes, () =>
      outcomes.length === 0
        ? 'there are no dead letters'
        : table(
            outcomes.map((outcome) => ({
              id: outcome.id,
              recovered: outcome.recovered,
              detail: outcome.detail,
            })),
          ),
    )
    if (outcomes.some(({ recovered }) => !recovered)) process.exitCode = 1
  })
}

/** What came of a retry, and the record that it was of, if there is such a dead letter. */
type RetriedLetter = RetryOutcome & Partial<RejectedRecord>

interface RejectedRecord {
  readonly source: string
  readonly raw: string
  readonly encoding: 'utf8' | 'base64'
  /** When it was rejected: ISO 8601, UTC. */
  readonly at: string
}

/** What cannot be retried is told like any other outcome: others of the same command were recovered. */
async function retry(
  system: System,
  id: string,
  avro: AvroDecoder,
  { output }: Context,
): Promise<RetriedLetter> {
  try {
    const outcome = await retryDeadLetter(system.eventStore, id, avro)
    return { ...outcome, ...(await rejectedRecord(system, id)) }
  } catch (error) {
    if (!(error instanceof UnknownDeadLetter || error instanceof AlreadyRecovered)) throw error
    output.remark(`tidemark: ${error.message}`)
    return { id, recovered: false, position: 0, reason: error.code, detail: error.message }
  }
}

/** @param id of a dead letter that there is: it was retried */
async function rejectedRecord(
  { eventStore }: Pick<System, 'eventStore'>,
  id: string,
): Promise<RejectedRecord> {
  const [first] = await eventStore.readStream(deadLetterStream(id), { limit: 1 })
  const { data, metadata, recordedTime } = first as RecordedEvent<RecordRejected>
  const { raw, encoding } = data
  return { source: metadata.source ?? '', raw, encoding, at: formatTimestamp(recordedTime) }
}
