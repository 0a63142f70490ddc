import type { Event, Metadata, NewEvent } from './event.js'
import { InvalidValue } from './invalid-record.js'
import { formatTimestamp, parseTimestamp } from './timestamp.js'
import { uuidV5Namespace } from './uuid.js'

/**
 * Something happened at this time (ISO 8601, UTC) that carries nothing for us but that: the money clock has come so far
 * (docs/semantics.md, Money enrichment: Clock).
 */
export type MoneyClockAdvanced = Event<'MoneyClockAdvanced', { readonly to: string }>

const moneyClockStream = 'clock-money'

/** The time at which a record of no type of ours happened; undefined if it has none that can be read. */
export function timeOnly(value: unknown): MoneyClockAdvanced | undefined {
  const { processedAt } = value as { readonly processedAt?: unknown }
  if (typeof processedAt !== 'string') return undefined
  try {
    return { type: 'MoneyClockAdvanced', data: { to: formatTimestamp(parseTimestamp(processedAt)) } }
  } catch (error) {
    if (error instanceof InvalidValue) return undefined
    throw error
  }
}

/** The fact for the log. The same time always gives the same event id. */
export function moneyClockAdvanced(
  { type, data }: MoneyClockAdvanced,
  metadata: Metadata,
): NewEvent<MoneyClockAdvanced> {
  return { id: advanceId(data.to), stream: moneyClockStream, type, data, metadata }
}

const advanceId = uuidV5Namespace('5c0e7f64-3d1b-4f0a-8a57-0b9a3a8f2d11')
