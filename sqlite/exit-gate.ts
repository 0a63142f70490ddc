/**
 * Keeps a process that exits from tearing a writer's thread out of SQLite.
 *
 * `process.exit` stops other threads wherever they are. A native addon that is stopped inside a call ends the
 * process with an abort, so that whoever waits for it sees a crash (134) instead of its exit code. A gate
 * makes the exit wait for the batch at hand, and lets no other begin.
 */
export class ExitGate {
  private static readonly open = new Set<ExitGate>()
  /** Shared with the thread, which calls {@link enter} and {@link leave} with it. */
  readonly state = new Int32Array(new SharedArrayBuffer(4))

  constructor() {
    if (ExitGate.open.size === 0) process.on('exit', ExitGate.shutAll)
    ExitGate.open.add(this)
  }

  /** The thread has ended. */
  remove(): void {
    ExitGate.open.delete(this)
    if (ExitGate.open.size === 0) process.off('exit', ExitGate.shutAll)
  }

  private static readonly shutAll = () => {
    const deadline = performance.now() + patience
    for (const { state } of ExitGate.open) {
      while (Atomics.compareExchange(state, 0, idle, shut) === busy && performance.now() < deadline) {
        Atomics.wait(state, 0, busy, deadline - performance.now())
      }
    }
  }
}

/** How long an exit waits, in milliseconds. */
const patience = 10_000

const idle = 0
const busy = 1
const shut = 2

/** In the thread: whether it may begin. If not, the process is about to end. */
export function enter(state: Int32Array): boolean {
  return Atomics.compareExchange(state, 0, idle, busy) === idle
}

export function leave(state: Int32Array): void {
  Atomics.store(state, 0, idle)
  Atomics.notify(state, 0)
}
