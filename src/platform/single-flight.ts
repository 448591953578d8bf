/**
 * Shares an answer among all who ask for it: while it is fresh it is handed out again, and while it is being made the others
 * wait for it. A failure is told to those who waited, and the next one tries again.
 *
 * @param options freshMs: how long an answer stands at least; restShare: and how many times as long as it took to make, so
 *   that however many ask, making it stays a small load; make: makes one; now: milliseconds of any clock
 */
export function singleFlight<Answer>(options: {
  freshMs: number
  restShare?: number
  make: () => Promise<Answer>
  now: () => number
}): () => Promise<Answer> {
  const { freshMs, restShare = 0, make, now } = options
  let latest: Promise<Answer> | undefined
  let untilMs = Number.POSITIVE_INFINITY

  async function makeAnew(): Promise<Answer> {
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
      latest = makeAnew()
    }
    return latest
  }
}
