import { benchmarks } from './index.js'
import type { Message, Task } from './own-process.js'

/** The process that runs one benchmark. */

const { benchmark, setting } = JSON.parse(process.argv[2] ?? '{}') as Task
const chosen = benchmarks.find(({ name }) => name === benchmark)
if (!chosen) throw new Error(`there is no benchmark ${benchmark}`)
const figures = await chosen.run({ ...setting, progress: (text) => tell({ type: 'progress', text }) })
process.send?.({ type: 'figures', figures } satisfies Message, () => process.disconnect())

function tell(message: Message): void {
  process.send?.(message)
}
