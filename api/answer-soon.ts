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
