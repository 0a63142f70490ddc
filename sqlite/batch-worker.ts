import { parentPort, workerData } from 'node:worker_threads'
import { BatchDatabase } from './batch-database.js'
import type { Batch, Outcome } from './batch.js'
import type { OpenOptions } from './driver.js'
import { enter, leave } from './exit-gate.js'
import { failureOf, type Failure } from './failure.js'

/** The thread behind `BatchWriter`: owns the connection, applies what it is sent, answers in that order. */

/** What the thread is started with. */
export interface Opening {
  readonly path: string
  readonly options: OpenOptions
  readonly gate: Int32Array
}

export type Request = { readonly type: 'apply'; readonly batch: Batch } | { readonly type: 'close' }

/** One for each request, and one `opened` or `failed` before them all. */
export type Answer =
  { readonly type: 'opened' | Outcome | 'closed' } | { readonly type: 'failed'; readonly failure: Failure }

const { path, options, gate } = workerData as Opening
answer(() => {
  serve(new BatchDatabase(path, options))
  return 'opened'
})

function serve(database: BatchDatabase): void {
  parentPort?.on('message', (request: Request) => {
    const isLast = request.type === 'close'
    answer(() => (request.type === 'apply' ? database.apply(request.batch) : close()))
    if (isLast) parentPort?.close()
  })

  function close(): 'closed' {
    database.close()
    return 'closed'
  }
}

function answer(act: () => Exclude<Answer['type'], 'failed'>): void {
  if (!enter(gate)) return
  let given: Answer
  try {
    given = { type: act() }
  } catch (error) {
    given = { type: 'failed', failure: failureOf(error) }
  }
  leave(gate)
  parentPort?.postMessage(given)
}
