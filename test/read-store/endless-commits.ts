import { openEmbeddedReadStore } from '../../read-store/embedded/embedded.js'
import { Fenced } from '../../read-store/errors.js'
import { counterUnit, projection } from './counters.js'

/**
 * A process that commits without end, several units under way at once, and prints each checkpoint once it is
 * answered: `node endless-commits.js <folder> [<units>]`. Made to be killed.
 */
const [folder = '', units = 'Infinity'] = process.argv.slice(2)
const store = await openEmbeddedReadStore(folder)
const build = await store.live(projection)
if (!build) throw new Error(`nothing is live in ${folder}`)
const underWay = new Set<Promise<void>>()
let checkpoint = await build.checkpoint()
for (let left = Number(units); left > 0; left--) {
  const unit = counterUnit(checkpoint++)
  const commit = build.commit(unit).then(
    () => {
      process.stdout.write(`${unit.checkpoint}\n`)
      underWay.delete(commit)
    },
    (error: unknown) => {
      if (!(error instanceof Fenced)) throw error
      process.exit(3)
    },
  )
  underWay.add(commit)
  if (underWay.size === 4) await Promise.race(underWay)
}
await Promise.all(underWay)
await store.close()
