/**
 * Has the group know that this member lives for as long as some work takes. What the group answers (that it is being put
 * together anew, mostly) is thrown at the next `beat`: by then the page in hand is in the log.
 *
 * @param every how often the group is told. The library leaves out whatever comes before that, be it by a millisecond: so
 * it is asked more often, or only every second one would be sent
 */
export async function beating<T>(
  heartbeat: () => Promise<void>,
  every: number,
  work: (beat: () => Promise<void>) => Promise<T>,
): Promise<T> {
  let failure: unknown
  const timer = setInterval(() => {
    heartbeat().catch((error: unknown) => (failure ??= error))
  }, every / 4)
  try {
    return await work(async () => {
      if (failure !== undefined) throw failure as Error
      await heartbeat()
    })
  } finally {
    clearInterval(timer)
  }
}
