import { parentPort, workerData, type MessagePort } from 'node:worker_threads'
import { openEmbeddedEventStore } from '../event-store/embedded.js'
import { upcasting } from '../event-store/upcasting.js'
import { projections } from '../projections/index.js'
import { runProjections } from '../projections/runner.js'
import { openEmbeddedReadStore } from '../read-store/embedded.js'
import { forwardAppends } from './append-port.js'
import type { ProjectorReport, ProjectorSettings } from './projector.js'

/** The thread that keeps the read models up: folding takes turns with nobody. */
const { data, bell, appends } = workerData as ProjectorSettings & { appends: MessagePort }
const control = parentPort
if (!control) throw new Error('this is the entry point of a worker thread')

const log = upcasting(openEmbeddedEventStore(data, { bell }))
const readStore = await openEmbeddedReadStore(data)
const stopping = new AbortController()
control.once('message', () => stopping.abort())

await runProjections({
  eventStore: forwardAppends(appends, log),
  readStore,
  projections,
  signal: stopping.signal,
  report: (report) => control.postMessage(plain(report)),
})
await readStore.close()
await log.close()
appends.close()

/** Errors lose their kind between threads: what is said of them is sent. */
function plain(report: Parameters<Parameters<typeof runProjections>[0]['report']>[0]): ProjectorReport {
  if (report.type === 'failed') return { ...report, error: report.error.message }
  if (report.type === 'trouble') return { ...report, error: String(report.error) }
  return report
}
