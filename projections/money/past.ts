import { moneyEventId, type MoneyEvent } from '../../domain/money.js'
import type { RecordedEvent } from '../../domain/event.js'
import type { Past } from '../past/as-of.js'
import { moneyEnriched } from './money-enriched.js'
import type { SharedProjection } from '../projection.js'
import { eventsOf, type StreamReading } from '../past/stream-reading.js'

/** Some money of a user. It depends on all that is said of the user and of its own session, and on other money of the user. */
export function pastOfMoney(userId: string, id: string): Past {
  return {
    projection: byUserAndSession,
    keys: async (log) => {
      const money = await findMoney(userId, id, log)
      if (!money) return []
      const { userSessionId } = money.data
      return [`user/${userId}`, ...(userSessionId === undefined ? [] : [`session/${userSessionId}`])]
    },
  }
}

/** Whose event it is. Money of one user may stand on other sessions as well, whose events then are not folded. */
const byUserAndSession: SharedProjection = {
  ...moneyEnriched,
  sharing: {
    keyOf: ({ data }) => {
      const { userId, sessionId } = data as { readonly userId?: string; readonly sessionId?: string }
      if (sessionId !== undefined) return `session/${sessionId}`
      return userId === undefined ? undefined : `user/${userId}`
    },
  },
}

/** The event of some money, if it stands in the log as far as that is read. */
async function findMoney(
  userId: string,
  id: string,
  log: StreamReading,
): Promise<RecordedEvent<MoneyEvent> | undefined> {
  const wanted = moneyEventId(userId, id)
  for await (const event of eventsOf(`money-${userId}`, log)) {
    if (event.id === wanted) return event as RecordedEvent<MoneyEvent>
  }
  return undefined
}
