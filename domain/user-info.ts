import { compareBytewise } from './bytewise.js'
import type { Event, Metadata, NewEvent } from './event.js'
import { uuidV5Namespace } from './uuid.js'

/** What all changes of a user have in common. */
export interface UserChange {
  /** Empty if the record had none. */
  readonly id: string
  readonly userId: string
  /** ISO 8601, UTC. */
  readonly processedAt: string
}
export type AddressChanged = Event<
  'AddressChanged',
  UserChange & {
    readonly residentCountryCode: string
    readonly address?: string
    readonly postalCode?: string
  }
>
export type BirthDateChanged = Event<
  'BirthDateChanged',
  UserChange & { readonly birthYear: number; readonly birthCityPlace?: string }
>
/** Events of the streams `user-<userId>`. */
export type UserEvent = AddressChanged | BirthDateChanged

/**
 * The fact for the log. Records of users have no identity but what they say, all of it: so a repetition is recognised,
 * and another record is another event whatever its id.
 */
export function userChanged({ type, data }: UserEvent, metadata: Metadata): NewEvent<UserEvent> {
  return { id: changeId(JSON.stringify([type, data])), stream: `user-${data.userId}`, type, data, metadata }
}

/** One value of one field of a user, from a time on (epoch milliseconds). */
export type Change<Value extends string | number = string | number> = readonly [
  from: number,
  id: string,
  value: Value,
]

/**
 * Puts a change into a history that is in order: by time, then id, then value, so that the order does not depend on
 * which came first.
 *
 * @returns its place; -1 if the very change is there already
 */
export function insertChange(history: Change[], change: Change): number {
  let at = history.length
  while (at > 0) {
    const order = compareChanges(history[at - 1] ?? change, change)
    if (order === 0) return -1
    if (order < 0) break
    at--
  }
  history.splice(at, 0, change)
  return at
}

/** The value as of an instant: of the latest change that is not after it. */
export function valueAt<Value extends string | number>(
  history: readonly Change<Value>[],
  instant: number,
): Value | undefined {
  for (let at = history.length - 1; at >= 0; at--) {
    const change = history[at]
    if (change && change[0] <= instant) return change[2]
  }
  return undefined
}

/** Earlier, then the lesser id, then the lesser value, bytewise: of two changes the greater one counts. */
export function compareChanges(a: Change, b: Change): number {
  return a[0] - b[0] || compareBytewise(a[1], b[1]) || compareBytewise(String(a[2]), String(b[2]))
}

const changeId = uuidV5Namespace('1c6f2d8b-90f4-4f0c-8a57-0e9b61a4b6d3')
