/**
 * Waits for a promise, but not for ever.
 *
 * @returns what it resolves to; undefined when it has not settled within `ms` milliseconds
 * @throws what it rejects with in that time; a later rejection reaches those who wait for it again, and nobody else
 */
export async function settledWithin<Result>(promise: Promise<Result>, ms: number): Promise<Result | undefined> {
  promise.catch(() => undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<undefined>(resolve => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([promise, silence])
  } finally {
    clearTimeout(timer)
  }
}
