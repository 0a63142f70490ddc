import { advanceClock } from '../commands/advance-clock.js'
import { formatTimestamp, InvalidTimestamp, parseTimestamp } from '../domain/timestamp.js'
import { dataRecordClock } from '../projections/queries/clocks.js'
import { catchUp } from './caught-up.js'
import { withSystem, WrongUsage, type Context } from './command.js'

/** `tidemark advance-clock <instant>`: no more data records before it are to be expected. */
export async function advanceDataRecordClock(instant: string, context: Context): Promise<void> {
  const to = instantOf(instant)
  await withSystem(context, async (system) => {
    const position = await advanceClock(system.eventStore, to)
    await catchUp(system)
    const now = formatTimestamp((await dataRecordClock(system.readStore)) ?? to)
    const at = formatTimestamp(to)
    context.output.result({ position, to: at, now }, () =>
      now === at
        ? `the data-record clock is advanced to ${at} (position ${position})`
        : `the data-record clock stays at ${now}: it never goes back to ${at} (position ${position})`,
    )
  })
}

function instantOf(text: string): number {
  try {
    return parseTimestamp(text)
  } catch (error) {
    if (!(error instanceof InvalidTimestamp)) throw error
    throw new WrongUsage(`${JSON.stringify(text)} is no instant: ${error.message}`)
  }
}
