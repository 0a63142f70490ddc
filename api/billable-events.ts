import { BillableEventInput } from '../domain/billable-event-input.js'
import { intakeRoute } from './record-intake.js'
import type { Server, Services } from './services.js'

export function billableEventRoutes(server: Server, services: Services): void {
  intakeRoute(server, services, {
    kind: 'billable-events',
    name: 'BillableEventInput',
    schema: BillableEventInput,
    summary:
      'Take billable events in. They have no ids: send an Idempotency-Key, or a repetition counts again',
    tag: 'Live billing',
  })
}
