import t from 'tap'
import { metricsOf } from '../../api/metrics.js'
import { projections } from '../../projections/index.js'
import type { Build, ReadStore } from '../../read-store/port.js'
import { stoppingCommits, Countdown } from '../projections/stopping.js'
import { openTidemark, signed } from '../projections/tidemark.js'

/** A read store with so many documents that nobody has ever counted them. */
function uncounted(readStore: ReadStore, asked: () => void): ReadStore {
  const without = (build: Build): Build => ({
    ...build,
    count: () => {
      asked()
      return new Promise(() => {})
    },
  })
  const plain = stoppingCommits(readStore, new Countdown())
  return {
    ...plain,
    live: async (projection) => {
      const live = await plain.live(projection)
      return live && without(live)
    },
  }
}

void t.test('how far projections are is told also while their documents are being counted', async (t) => {
  const tidemark = await openTidemark(t)
  await tidemark.append(signed({ id: 'a' }))
  for (const projection of projections) await tidemark.fold(projection)
  let counts = 0
  const { text } = metricsOf({
    eventStore: tidemark.eventStore,
    readStore: uncounted(tidemark.readStore, () => counts++),
    projections,
  })
  for (let scrape = 0; scrape < 2; scrape++) {
    const lines = (await text()).split('\n')
    t.ok(lines.includes('tidemark_projection_lag{projection="data-plans"} 0'))
    t.ok(lines.includes('tidemark_projection_state{projection="data-plans",state="live"} 1'))
    t.notOk(lines.some((line) => line.startsWith('tidemark_projection_documents{')))
  }
  t.equal(counts, 1, 'nobody counts twice at a time')
})
