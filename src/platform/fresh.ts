/** A small part of the time may go into making an answer anew: one part in so many. */
const restShare = 20

/**
 * Shares an answer among all who ask for it: while it is fresh it is handed out again, and while it is being made the others
 * wait for it. One that takes long to make is kept for longer, so that however many ask, making it stays a small load. A
 * failure is told to those who waited, and the next one tries again.
 *
 * @param options freshMs: how long an answer stands at least; make: makes one; now: milliseconds of any clock
 */
export function shareFresh<Answer>(options: {
  freshMs: number
  make: () => Promise<Answer>
  now: () => number
}): () => Promise<Answer> {
  const { freshMs, make, now } = options
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
