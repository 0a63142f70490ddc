import { retryDeadLetter } from '../bridge/dead-letter-retry.js'
import { avroDecoder } from '../bridge/kafka/avro.js'
import { catchUp } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'
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
    const outcomes: Awaited<ReturnType<typeof retryDeadLetter>>[] = []
    const avro = avroDecoder(context.config.schemaRegistry)
    for (const id of chosen) outcomes.push(await retryDeadLetter(system.eventStore, id, avro))
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
