import { Type } from 'typebox'
import { notificationTypes } from '../domain/notification.js'
import { listNotifications, notificationsCaughtUp } from '../projections/queries/notifications.js'
import { component, json, listOf, listProblems, problemAnswers } from './answers.js'
import { sendList } from './lists.js'
import { agreementId, listParameters } from './parameters.js'
import type { Server, Services } from './services.js'

const NotificationType = Type.Union(
  notificationTypes.map((type) => Type.Literal(type)),
  { description: `one of ${notificationTypes.join(', ')}` },
)
const orNull = Type.Union([Type.String(), Type.Null()])
const ByteTotal = Type.Union([Type.Integer(), Type.String()])

const NotificationAnswer = Type.Object({
  position: Type.Integer({ description: 'Where its event stands in the log.' }),
  agreementId: Type.String(),
  year: Type.Integer(),
  month: Type.Integer(),
  latestRecordedAt: orNull,
  latestInternalRecordId: orNull,
  latestExternalRecordId: orNull,
  totalRecordedBytes: ByteTotal,
  billingPeriodTimeZone: Type.String(),
  maxBytesInBillingPeriod: Type.Integer(),
  type: NotificationType,
  previousTotalRecordedBytes: Type.Optional(ByteTotal),
})

export function notificationRoutes(server: Server, { caughtUp, readStore }: Services): void {
  const schema = {
    summary: 'Notifications, in the order they were raised',
    tags: ['Data plans'],
    querystring: Type.Object({
      agreementId: Type.Optional(agreementId),
      type: Type.Optional(NotificationType),
      ...listParameters,
    }),
    response: {
      200: json('A page of them.', listOf(component(server, 'Notification', NotificationAnswer))),
      ...problemAnswers(...listProblems),
    },
  }
  server.get('/notifications', { schema }, async (request, reply) => {
    const { agreementId: id, type, minPosition } = request.query
    if (minPosition !== undefined) await notificationsCaughtUp(caughtUp, minPosition)
    const filter = { agreementId: id, type }
    const list = `notifications/${JSON.stringify(filter)}`
    return sendList(reply, list, request.query, (page) => listNotifications(readStore, filter, page))
  })
}
