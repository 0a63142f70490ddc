import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startProjector, type ProjectorReport } from '../../cli/projector.js'
import { waitUntilCaughtUp } from '../../cli/caught-up.js'
import { openEmbeddedEventStore } from '../../event-store/embedded/embedded.js'
import { projections } from '../../projections/index.js'
import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import { recorded, temporaryFolder } from '../projections/tidemark.js'

void t.test('a projector whose thread died says why, and another thread goes on', async (t) => {
  const data = temporaryFolder(t)
  const eventStore = openEmbeddedEventStore(data)
  t.teardown(() => eventStore.close())
  await eventStore.append([recorded('a', '2020-01-10T00:00:00Z')])
  const readModels = join(data, 'read-models.db')
  writeFileSync(readModels, 'this is no database, and the thread cannot open it'.repeat(100))
  let died: (report: ProjectorReport) => void = () => {}
  const trouble = new Promise<ProjectorReport>((resolve) => (died = resolve))
  const projector = startProjector({ data, partitions: 1 }, eventStore, eventStore.bell.memory, (report) => {
    if (report.type === 'trouble') died(report)
  })!
  t.teardown(() => projector.stop())
  t.match(await trouble, { error: /the projector stopped: .*not a database/, retryInMilliseconds: 1_000 })
  rmSync(readModels)
  await projector.started
  const readStore = await openEmbeddedReadStore(data)
  t.teardown(() => readStore.close())
  await waitUntilCaughtUp({ eventStore, readStore, project: () => Promise.resolve(true) }, projections)
  t.equal(await (await readStore.live('data-plans'))!.checkpoint(), await eventStore.head())
})
