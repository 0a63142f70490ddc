import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { projections } from '../projections/index.js'
import { runProjections } from '../projections/running/runner.js'
import { forwardAppends } from './append-port.js'
import { openEventStore, openReadStore } from './engines.js'
import type { ProjectorReport, ProjectorSettings } from './projector.js'

/** The thread that keeps the read models up: folding takes turns with nobody. */
const { engines, bell, appends } = workerData as ProjectorSettings & { appends: MessagePort }
const control = parentPort
if (!control) throw new Error('this is the entry point of a worker thread')
const tell = (report: ProjectorReport) => control.postMessage(report)

const log = await openEventStore(engines, tell, bell)
// What there is to warn of, the main thread has heard from its own connection.
const readStore = await openReadStore(engines, (report) => {
  if (report.type === 'trouble') tell(report)
})
const stopping = new AbortController()
control.once('message', () => stopping.abort())

await runProjections({
  // A log in a folder has one thread that appends; a server takes appends from everybody.
  eventStore: bell ? forwardAppends(appends, log.eventStore) : log.eventStore,
  readStore,
  projections,
  partitions: engines.partitions,
  shared: engines.mongoDbUrl !== undefined,
  signal: stopping.signal,
  report: (report) => tell(plain(report)),
})
await readStore.close()
await log.eventStore.close()
appends.close()

/** Errors lose their kind between threads: what is said of them is sent. */
function plain(report: Parameters<Parameters<typeof runProjections>[0]['report']>[0]): ProjectorReport {
  if (report.type === 'failed') return { ...report, error: report.error.message }
  if (report.type === 'trouble') {
    const { error } = report
    return { ...report, error: error instanceof Error ? error.message : String(error) }
  }
  return report
}
