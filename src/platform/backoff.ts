/** A retry schedule: the longest first pause, and the longest pause of all, in milliseconds. */
export type Backoff = Readonly<{ firstMs: number; maxMs: number }>

/**
 * Returns how long to wait before the next attempt: exponential backoff with equal jitter. The bound doubles with each failure up
 * to `maxMs`; half of the pause is fixed, so that what is down is never asked without a pause, and half is random, so that the
 * instances that an outage has brought into step do not come back at the same moment.
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/)
 *
 * @param failures failures in a row, from 1
 * @param random from 0 (inclusive) to 1 (exclusive), such as `Math.random()`
 * @returns whole milliseconds
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  // Beyond 2^30 the power is of no use, and with thousands of failures it would be Infinity.
  const boundMs = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 30))
  return Math.round(boundMs * (0.5 + random / 2))
}
