import t from 'tap'
import { waitUntilCaughtUp } from '../../cli/caught-up.js'
import { projections } from '../../projections/index.js'
import { openTidemark, recorded } from '../projections/tidemark.js'

void t.test('what others append meanwhile is not waited for: they may never end', async (t) => {
  const tidemark = await openTidemark(t)
  let records = 0
  const append = () => tidemark.append(recorded(`r${records++}`, '2020-01-10T00:00:00Z'))
  await append()
  const project = async () => {
    for (const projection of projections) await tidemark.fold(projection)
    await append()
    return false
  }
  const { eventStore, readStore } = tidemark
  const head = await eventStore.head()
  await waitUntilCaughtUp({ eventStore, readStore, project }, projections)
  for (const { name } of projections) t.ok((await (await tidemark.live(name)).checkpoint()) >= head)
})
