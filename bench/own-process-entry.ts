import { benchmarks } from './index.js'
import type { Message, Task } from './own-process.js'

/** The process that runs one benchmark. It ends when it has told the figures, or when nobody is there to be told. */

const { benchmark, setting } = JSON.parse(process.argv[2] ?? '{}') as Task
process.once('disconnect', () => process.exit())
const chosen = benchmarks.find(({ name }) => name === benchmark)
if (!chosen) throw new Error(`there is no benchmark ${benchmark}`)
const figures = await chosen.run({ ...setting, progress: (text) => tell({ type: 'progress', text }) })
process.send?.({ type: 'figures', figures } satisfies Message, () => process.disconnect())

function tell(message: Message): void {
  process.send?.(message)
}
