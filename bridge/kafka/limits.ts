import type { Admin } from 'kafkajs'

/** What a partition holds at the moment: from offset `low` up to, but not including, `high`. */
export interface Limits {
  readonly low: number
  readonly high: number
}

export type LimitsOf = (topic: string, partition: number) => Promise<Limits>

/** What partitions hold now: the brokers are asked once for each topic, however many of its partitions are of interest. */
export function limitsNow(admin: Admin): LimitsOf {
  const asked = new Map<string, Promise<ReadonlyMap<number, Limits>>>()
  return async (topic, partition) => {
    let all = asked.get(topic)
    if (!all) asked.set(topic, (all = ask(admin, topic)))
    const limits = (await all).get(partition)
    if (!limits) throw new RangeError(`the brokers know no partition ${partition} of the topic ${topic}`)
    return limits
  }
}

async function ask(admin: Admin, topic: string): Promise<ReadonlyMap<number, Limits>> {
  const partitions = await admin.fetchTopicOffsets(topic)
  return new Map(
    partitions.map(({ partition, low, high }) => [partition, { low: Number(low), high: Number(high) }]),
  )
}
