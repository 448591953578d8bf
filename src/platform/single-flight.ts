/**
 * Shares the result of a call among concurrent callers, and reuses it while it is fresh. A failure rejects the callers that waited for
 * it, and the next one tries again.
 *
 * @param options freshMs: how long a result is reused at least; restShare: and how many times as long as it took, so that however
 *   many ask, making it stays a small load; now: milliseconds of any clock
 */
export function singleFlight<Result>(options: {
  freshMs: number
  restShare?: number
  make: () => Promise<Result>
  now: () => number
}): () => Promise<Result> {
  const { freshMs, restShare = 0, make, now } = options
  let latest: Promise<Result> | undefined
  let untilMs = Number.POSITIVE_INFINITY

  async function makeNext(): Promise<Result> {
    const startedMs = now()
    try {
      return await make()
    } catch (error) {
      latest = undefined
      throw error
    } finally {
      untilMs = now() + Math.max(freshMs, (now() - startedMs) * restShare)
    }
  }

  return () => {
    if (latest === undefined || now() >= untilMs) {
      untilMs = Number.POSITIVE_INFINITY
      latest = makeNext()
    }
    return latest
  }
}
