import type { RecordedEvent } from '../domain/event.js'
import { formatTimestamp } from '../domain/timestamp.js'
import type { Context } from './command.js'
import { withLog, WrongUsage } from './command.js'
import { table } from './output.js'

const maxLimit = 1_000_000_000

/** `tidemark streams`: the streams by their last event, newest first. */
export async function listStreams(options: { readonly limit: string }, context: Context): Promise<void> {
  const limit = limitOf(options.limit)
  await withLog(context, async ({ eventStore }) => {
    const found = await eventStore.streams({ limit: limit + 1 })
    const streams = found.slice(0, limit)
    context.output.result(streams, () =>
      streams.length === 0 ? 'there are no streams' : table(streams.map((stream) => ({ ...stream }))),
    )
    if (found.length > limit) context.output.remark(cutOff('newest', limit))
  })
}

/** `tidemark stream <name>`: the events of one stream, in its order. */
export async function showStream(
  stream: string,
  options: { readonly limit: string },
  context: Context,
): Promise<void> {
  const limit = limitOf(options.limit)
  await withLog(context, async ({ eventStore }) => {
    const found = await eventStore.readStream(stream, { limit: limit + 1 })
    if (found.length === 0) throw new Error(`there is no stream ${stream}`)
    const events = found.slice(0, limit)
    context.output.result(events, () => events.map(described).join('\n'))
    if (found.length > limit) context.output.remark(cutOff('first', limit))
  })
}

/** One more than is shown has been read, to tell whether there is more. */
function cutOff(which: 'first' | 'newest', limit: number): string {
  return `these are the ${which} ${limit} of more: --limit N shows more`
}

function described({ revision, position, type, recordedTime, data }: RecordedEvent): string {
  return `${revision}  @${position}  ${formatTimestamp(recordedTime)}  ${type}  ${JSON.stringify(data)}`
}

function limitOf(value: string): number {
  const limit = Number(value)
  if (/^\d+$/.test(value) && limit >= 1 && limit <= maxLimit) return limit
  throw new WrongUsage(`--limit is ${JSON.stringify(value)}: it takes a whole number from 1 to ${maxLimit}`)
}
