import type { UserInfo } from '../../domain/enriched-money.js'
import type { RecordedEvent } from '../../domain/event.js'
import { parseTimestamp } from '../../domain/timestamp.js'
import { compareChanges, type Change, type UserEvent } from '../../domain/user-info.js'
import type { Evidence } from './explainer.js'
import { eventsOf } from '../past/stream-reading.js'

/** What the log says of a user as of an instant, and which events say it. */
export interface UserFound {
  readonly info: UserInfo
  readonly changes: readonly UserChangeFound[]
}

export interface UserChangeFound {
  readonly event: RecordedEvent<UserEvent>
  readonly code: string
  readonly detail: string
}

interface Latest {
  readonly change: Change
  readonly event: RecordedEvent<UserEvent>
}

/** @param instant epoch milliseconds */
export async function userOf(userId: string, instant: number, log: Evidence): Promise<UserFound> {
  let address: Latest | undefined
  let birth: Latest | undefined
  for await (const event of eventsOf(`user-${userId}`, log)) {
    const recorded = event as RecordedEvent<UserEvent>
    const from = parseTimestamp(recorded.data.processedAt)
    if (from > instant) continue
    const { id } = recorded.data
    if ('birthYear' in recorded.data) birth = later(birth, [from, id, recorded.data.birthYear], recorded)
    else address = later(address, [from, id, recorded.data.residentCountryCode], recorded)
  }
  const changes: UserChangeFound[] = []
  const info: { birthYear?: number; residentCountryCode?: string } = {}
  if (birth) {
    info.birthYear = Number(birth.change[2])
    const detail = `The latest date of birth by then: ${info.birthYear}.`
    changes.push({ event: birth.event, code: 'latest-birth-date', detail })
  }
  if (address) {
    info.residentCountryCode = String(address.change[2])
    const detail = `The latest address by then: in ${info.residentCountryCode}.`
    changes.push({ event: address.event, code: 'latest-address', detail })
  }
  return { info, changes }
}

function later(known: Latest | undefined, change: Change, event: RecordedEvent<UserEvent>): Latest {
  return known && compareChanges(known.change, change) >= 0 ? known : { change, event }
}
