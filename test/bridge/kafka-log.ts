import type { EventStore } from '../../event-store/port.js'
import { wholeLog } from '../projections/tidemark.js'
import type { bridgeOver } from './kafka-server.js'

/** What tests send to the topic of data records, and what of it they find in the log. */

export const csv = (id: string | number, msisdn = '48100200300') => `${id};2020-01-10T00:00:00Z;${msisdn};10`
export const csvs = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => ({ value: csv(first + n), partition: 0 }))

/** The ids of the records in the log, in their order. */
export const idsOf = async (eventStore: EventStore) =>
  (await wholeLog(eventStore, ['subscriber'])).map(
    ({ data }) => (data as { externalRecordId: string }).externalRecordId,
  )

/** What the only partition of data records has come to. */
export async function progressOf(eventStore: EventStore) {
  const events = await wholeLog(eventStore, ['source'])
  const own = ({ type, stream }: (typeof events)[number]) =>
    type !== 'SourceClaimed' && stream.startsWith('source-data-records-kafka-')
  return events.filter(own).at(-1)?.data
}

/** The values of a figure, whatever its labels. */
export async function figure(
  bridge: Pick<ReturnType<typeof bridgeOver>, 'metrics'>,
  name: string,
): Promise<number[]> {
  for (const metric of bridge.metrics) {
    const { name: found, values } = await metric.get()
    if (found === name) return values.map(({ value }) => value)
  }
  throw new Error(`there is no figure ${name}`)
}
