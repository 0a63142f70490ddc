import type { RecordedEvent } from '../domain/event.js'
import { formatTimestamp } from '../domain/timestamp.js'
import type { Context } from './command.js'
import { withSystem, WrongUsage } from './command.js'
import { table } from './output.js'

/** `tidemark streams`: the streams by their last event, newest first. */
export async function listStreams(options: { readonly limit: string }, context: Context): Promise<void> {
  const limit = limitOf(options.limit)
  await withSystem(context, async ({ eventStore }) => {
    const streams = await eventStore.streams({ limit })
    context.output.result(streams, () =>
      streams.length === 0 ? 'there are no streams' : table(streams.map((stream) => ({ ...stream }))),
    )
  })
}

/** `tidemark stream <name>`: the events of one stream, in its order. */
export async function showStream(
  stream: string,
  options: { readonly limit: string },
  context: Context,
): Promise<void> {
  const limit = limitOf(options.limit)
  await withSystem(context, async ({ eventStore }) => {
    const events = await eventStore.readStream(stream, { limit })
    if (events.length === 0) throw new Error(`there is no stream ${stream}`)
    context.output.result(events, () => events.map(described).join('\n'))
  })
}

function described({ revision, position, type, recordedTime, data }: RecordedEvent): string {
  return `${revision}  @${position}  ${formatTimestamp(recordedTime)}  ${type}  ${JSON.stringify(data)}`
}

function limitOf(value: string): number {
  const limit = Number(value)
  if (!/^\d+$/.test(value) || limit < 1)
    throw new WrongUsage(`--limit is ${JSON.stringify(value)}: it takes a whole number from 1`)
  return limit
}
