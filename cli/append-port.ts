import type { MessagePort } from 'node:worker_threads'
import type { NewEvent } from '../domain/event.js'
import { RevisionConflict } from '../event-store/errors.js'
import type { Appended, EventStore, Expectation } from '../event-store/port.js'
import { decorated } from '../event-store/decorated.js'

interface Asked {
  readonly call: number
  readonly events: readonly NewEvent[]
  readonly expect: readonly Expectation[]
}

type Answered =
  | { readonly call: number; readonly appended: Appended }
  | { readonly call: number; readonly conflict: Expectation & { readonly actual: number | 'none' } }
  | { readonly call: number; readonly failure: string }

/** Appends what another thread asks for: one thread of a process writes the log, and knows what is in it. */
export function serveAppends(port: MessagePort, eventStore: EventStore): void {
  port.on('message', ({ call, events, expect }: Asked) => {
    eventStore.append(events, expect).then(
      (appended) => port.postMessage({ call, appended } satisfies Answered),
      (error: unknown) => port.postMessage(refusal(call, error)),
    )
  })
}

/** The event store of this thread, but for appends: those are made by the thread at the other end. */
export function forwardAppends(port: MessagePort, eventStore: EventStore): EventStore {
  const waiting = new Map<number, { resolve: (appended: Appended) => void; reject: (error: Error) => void }>()
  let calls = 0
  port.on('message', (answer: Answered) => {
    const waiter = waiting.get(answer.call)
    waiting.delete(answer.call)
    if ('appended' in answer) waiter?.resolve(answer.appended)
    else waiter?.reject(errorOf(answer))
  })
  return decorated(eventStore, {
    append: (events, expect = []) =>
      new Promise((resolve, reject) => {
        const call = calls++
        waiting.set(call, { resolve, reject })
        port.postMessage({ call, events, expect } satisfies Asked)
      }),
  })
}

function refusal(call: number, error: unknown): Answered {
  if (error instanceof RevisionConflict) {
    const { stream, expected, actual } = error
    return { call, conflict: { stream, revision: expected, actual } }
  }
  return { call, failure: error instanceof Error ? error.message : String(error) }
}

function errorOf(answer: Exclude<Answered, { appended: Appended }>): Error {
  if ('failure' in answer) return new Error(answer.failure)
  const { stream, revision, actual } = answer.conflict
  return new RevisionConflict(stream, revision, actual)
}
