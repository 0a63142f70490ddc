import type { Notification } from '../domain/notification.js'
import type { Handler, Projection } from './projection.js'

/** Keeps the order in which notifications were raised. */
const raised: Handler = ({ position, data }, documents) => {
  const notification = data as Notification['data']
  documents.write('notifications', String(position).padStart(16, '0'), { position, ...notification })
}

/** Every notification that was raised, in the order of the log. */
export const notifications: Projection = {
  name: 'notifications',
  version: 1,
  categories: ['billing'],
  collections: {
    notifications: {
      indexes: { agreement: ['agreementId'], type: ['type'], agreementAndType: ['agreementId', 'type'] },
    },
  },
  watches: [],
  sharing: { keyOf: ({ stream }) => stream },
  handlers: { DataPlanExceeded: raised, BillingPeriodClosed: raised, BillingPeriodCorrected: raised },
}
