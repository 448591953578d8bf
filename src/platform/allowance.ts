/**
 * Makes a token bucket: how often something may be done without a key.
 *
 * @param options burst: how often at once; perSecond: how often in the long run; now: milliseconds of a clock that never goes back
 * @returns a function that says whether it may be done now, and counts it if so
 */
export function createAllowance(options: { burst: number; perSecond: number; now: () => number }): () => boolean {
  const { burst, perSecond, now } = options
  let left = burst
  let atMs = now()
  return () => {
    const nowMs = now()
    left = Math.min(burst, left + ((nowMs - atMs) / 1_000) * perSecond)
    atMs = nowMs
    if (left < 1) return false
    left -= 1
    return true
  }
}
