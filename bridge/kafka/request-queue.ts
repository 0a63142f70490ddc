import { createRequire } from 'node:module'

/** Of kafkajs 2.2: what a connection has yet to send. */
interface RequestQueue {
  readonly pending: readonly unknown[]
  /** Epoch milliseconds. */
  readonly throttledUntil: number
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

let rests = false

/**
 * Lets a connection of kafkajs rest that has nothing to send: left alone, it looks again every millisecond, after a timeout
 * that is negative, of which Node warns from version 24 on.
 */
export function restWhenIdle(): void {
  if (rests) return
  rests = true
  const require = createRequire(import.meta.url)
  const { prototype } = require('kafkajs/src/network/requestQueue/index.js') as { prototype: RequestQueue }
  const { scheduleCheckPendingRequests: schedule } = prototype
  prototype.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0 || this.throttledUntil > Date.now()) schedule.call(this)
  }
}
