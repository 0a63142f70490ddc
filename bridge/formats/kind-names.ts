/**
 * The kinds of records that can be imported, by their names on the command line, and the Kafka topic that brings each
 * unless it is configured to have another name. How they are parsed stands in `kinds.ts`, apart, since whoever only names
 * a kind need not load that.
 */
export const kindTopics = {
  agreements: 'agreements',
  'data-records': 'incoming-data-records',
  'billable-events': 'billableevents.incoming',
  'wallet-events': 'wallet-events',
  'user-events': 'user-events',
  'session-events': 'user-session-events',
} as const

export type KindName = keyof typeof kindTopics

export const kindNames = Object.keys(kindTopics) as readonly KindName[]

export function isKindName(name: string): name is KindName {
  return Object.hasOwn(kindTopics, name)
}
