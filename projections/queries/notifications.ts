import { notifications } from '../notifications.js'
import { dataPlans } from '../data-plans/data-plans.js'
import type { CaughtUp } from './caught-up.js'
import { readLive, type ReadStore } from './live.js'
import { partOf, type Page, type PageRequest } from './page.js'

/** Which notifications are wanted: all that have what is given. */
export interface NotificationFilter {
  readonly agreementId?: string | undefined
  readonly type?: string | undefined
}

/** Notifications as stored, in the order they were raised. */
export function listNotifications(
  readStore: ReadStore,
  filter: NotificationFilter,
  request: PageRequest,
): Promise<Page<string>> {
  return readLive(readStore, notifications.name, async (build) => {
    const query = { ...indexFor(filter), ...partOf(request) }
    const { rows, next } = await build.page('notifications', query)
    return { items: rows.map(({ text }) => text), next }
  })
}

/** Waits until all that is raised by the log up to a position can be read. */
export function notificationsCaughtUp(caughtUp: CaughtUp, position: number): Promise<void> {
  return caughtUp.derivedDocuments(notifications.name, dataPlans.name, position)
}

function indexFor({ agreementId, type }: NotificationFilter) {
  if (agreementId !== undefined && type !== undefined) {
    return { index: 'agreementAndType', equals: [agreementId, type] }
  }
  if (agreementId !== undefined) return { index: 'agreement', equals: [agreementId] }
  return type === undefined ? {} : { index: 'type', equals: [type] }
}
