import type { EventStore } from '../event-store/port.js'
import type { ReadStore } from '../read-store/port.js'
import { setAllowedLateness } from '../commands/advance-clock.js'
import { checkBillingTimeZone, setBillingTimeZone } from '../commands/billing-time-zone.js'
import type { SessionLookups } from '../commands/session-lookups.js'
import { setSessionRules } from '../commands/session-rules.js'
import type { Config } from './config.js'
import { openEventStore, openReadStore } from './engines.js'
import { checkServerUrls } from './server-urls.js'
import { startProjector, type Projector, type ProjectorReport } from './projector.js'

/** How long another process is left alone before looking whether it still runs the projections, in milliseconds. */
const tryAgainAfter = 250

/** The parts of a running Tidemark, wired together. Nobody else knows which engines these are. */
export interface System {
  readonly eventStore: EventStore
  readonly readStore: ReadStore
  /**
   * Makes the configured billing time zone a fact of the log. Whoever takes billable events in without running the
   * projections does so first; what only reads leaves the log as it is.
   *
   * @throws {BillingTimeZoneFixed} another process was faster
   */
  settleBillingTimeZone(): Promise<void>
  /**
   * Starts the projections here, unless another process runs them. Safe to call again: the other process may
   * have ended meanwhile. Answers whether they run here.
   */
  project(): Promise<boolean>
  /** The session lookups, if they run here: where the projections do, and there is a session service. */
  readonly lookups: SessionLookups | undefined
  close(): Promise<void>
}

/**
 * @throws {InvalidSetting} the address of a server cannot be used
 * @throws {BillingTimeZoneFixed} the log is billed in another time zone than the one configured
 */
export async function openSystem(config: Config, report: (report: ProjectorReport) => void): Promise<System> {
  const { engines, sessionServiceUrl } = config
  await checkServerUrls(engines)
  const { eventStore, bell } = await openEventStore(engines, report)
  let readStore: ReadStore
  try {
    await checkBillingTimeZone(eventStore, config.billingTimeZone)
    readStore = await openReadStore(engines, report)
  } catch (error) {
    await eventStore.close()
    throw error
  }
  let projector: Projector | undefined
  let lookups: SessionLookups | undefined
  let triedAt = -Infinity
  let starting: Promise<void> | undefined
  let closed = false

  let settled: Promise<void> | undefined
  // Once is enough: it cannot change any more.
  const settleBillingTimeZone = () => (settled ??= setBillingTimeZone(eventStore, config.billingTimeZone))

  /** What begins after the closing would be stopped by nobody. */
  async function start(): Promise<void> {
    await settleBillingTimeZone()
    await setAllowedLateness(eventStore, config.allowedLateness)
    await setSessionRules(eventStore, config.sessionRules)
    if (closed) return
    projector = startProjector(engines, eventStore, bell, report)
    await projector?.started
    if (!projector || sessionServiceUrl === undefined) return
    // Its client takes a while to load, and most processes ask nobody.
    const { startSessionLookups } = await import('./session-lookups.js')
    if (!closed) lookups = startSessionLookups(sessionServiceUrl, { eventStore, readStore }, report)
  }

  return {
    eventStore,
    readStore,
    settleBillingTimeZone,
    project: async () => {
      if (!projector && !starting && performance.now() - triedAt > tryAgainAfter) {
        triedAt = performance.now()
        starting = start().finally(() => (starting = undefined))
      }
      await starting
      return projector !== undefined
    },
    get lookups() {
      return lookups
    },
    close: async () => {
      closed = true
      await lookups?.stop()
      await projector?.stop()
      await readStore.close()
      await eventStore.close()
    },
  }
}
