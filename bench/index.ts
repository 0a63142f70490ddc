import { append500 } from './append-500.js'
import { appendSingle } from './append-single.js'
import type { Benchmark } from './benchmark.js'
import { rebuildBilling } from './billing-rebuild.js'
import { httpGet } from './http-get.js'
import { importRecords } from './import.js'
import { memory } from './memory.js'
import { lookups } from './money-lookups.js'
import { rebuildMoney } from './money-rebuild.js'
import { readLog } from './read-log.js'
import { rebuildReadModels } from './rebuild.js'
import { bridgeImport } from './servers/bridge-import.js'
import { catchUpFromServer } from './servers/catch-up.js'
import { unitOfWork } from './servers/unit-of-work.js'

/** Every benchmark there is, in the order they run. */
export const benchmarks: readonly Benchmark[] = [
  appendSingle,
  append500,
  readLog,
  importRecords,
  rebuildReadModels,
  rebuildBilling,
  rebuildMoney,
  lookups,
  httpGet,
  memory,
  catchUpFromServer,
  bridgeImport,
  unitOfWork,
]
