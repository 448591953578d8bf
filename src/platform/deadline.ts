/**
 * Waits for a promise until a deadline. The timer ends with the wait, whichever comes first.
 *
 * @param ms how long to wait, in milliseconds
 * @param onExpiry gives the result in place of the one that did not come in time, or throws
 * @throws what the promise rejects with in time, or `onExpiry` throws; a rejection after that is ignored
 */
export async function withDeadline<Result, Late>(
  promise: Promise<Result>,
  ms: number,
  onExpiry: () => Late,
): Promise<Result | Late> {
  promise.catch(() => undefined)
  const expiry = Promise.withResolvers<Late>()
  const timer = setTimeout(() => {
    try {
      expiry.resolve(onExpiry())
    } catch (error) {
      expiry.reject(error)
    }
  }, ms)
  try {
    return await Promise.race([promise, expiry.promise])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits for a promise until a deadline. @returns its result; undefined when it did not settle within `ms` milliseconds */
export function settledWithin<Result>(promise: Promise<Result>, ms: number): Promise<Result | undefined> {
  return withDeadline(promise, ms, () => undefined)
}
