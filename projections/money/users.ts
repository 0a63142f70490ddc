import type { RecordedEvent } from '../../domain/event.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { insertChange, valueAt, type Change } from '../../domain/user-info.js'
import type { UserInfo } from '../../domain/enriched-money.js'
import { change, type UserChange } from './waiting-changes.js'
import { moneyClockOf, moneyUserOf, tickMoneyClock, type MoneyUser } from './documents.js'
import type { Documents } from '../projection.js'

/** What a user event says of one field. */
type NewValue = UserChange extends infer Each
  ? Each extends UserChange
    ? Pick<Each, 'field' | 'value'>
    : never
  : never

/** What is known of a user as of an instant (epoch milliseconds). */
export function userInfoAt({ birthYear, residentCountryCode }: MoneyUser, instant: number): UserInfo {
  const year = valueAt(birthYear, instant)
  const country = valueAt(residentCountryCode, instant)
  if (year === undefined) return country === undefined ? nothing : { residentCountryCode: country }
  return country === undefined ? { birthYear: year } : { birthYear: year, residentCountryCode: country }
}

const nothing: UserInfo = {}

/**
 * Remembers what a user event says, and has the user's money corrected for which it is the latest: from its time up to
 * the next change.
 */
export function changeUser(event: RecordedEvent, documents: Documents, now: NewValue): void {
  const { userId, id, processedAt } = event.data as { userId: string; id: string; processedAt: string }
  const user = moneyUserOf(documents, userId)
  const from = parseTimestamp(processedAt)
  const history: Change[] = user[now.field]
  const at = insertChange(history, [from, id, now.value])
  tickMoneyClock(moneyClockOf(documents), documents, from)
  if (at < 0) return
  documents.put('users', userId, user)
  const to = history[at + 1]?.[0] ?? null
  const before = history[at - 1]?.[2]
  const reaches = user.latest !== null && user.latest >= from && to !== from
  if (reaches && before !== now.value) change(documents, event, { type: 'user', userId, from, to, ...now })
}
