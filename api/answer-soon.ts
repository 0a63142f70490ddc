/** How long whoever asks how a process is doing waits for a store, in milliseconds. */
const patience = 2_000

/**
 * What a store answers, soon.
 *
 * @throws what the store throws, or that it gave no answer
 */
export async function answerOf<T>(work: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${patience / 1000} s`)), patience)
  })
  try {
    return await Promise.race([work(), late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Work that may take longer than those who ask can wait: it is done once at a time, and until it is done they get what
 * came of it the time before. Undefined if it failed, or never was done.
 */
export function lastAnswerOf<T>(work: () => Promise<T>): () => Promise<T | undefined> {
  let last: T | undefined
  let running: Promise<void> | undefined
  const run = () =>
    work()
      .then(
        (result) => (last = result),
        () => (last = undefined),
      )
      .then(() => (running = undefined))
  return async () => {
    await answerOf(() => (running ??= run())).catch(() => {})
    return last
  }
}
