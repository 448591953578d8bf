/** When each request of a load is due, however long those before it take. Pure. */
export type Schedule = {
  /** How many there are. */
  total: number
  /** When one is due, in milliseconds after the start; they are numbered from 0. */
  dueMs(index: number): number
  /** How many are due so many milliseconds after the start. */
  dueBy(elapsedMs: number): number
}

/**
 * A steady rate, if asked for with a rate before it that grows evenly from nothing.
 *
 * @param rampSeconds how long it grows; the rest of `seconds` is steady
 */
export function makeSchedule(ratePerSecond: number, seconds: number, rampSeconds = 0): Schedule {
  const inRamp = (ratePerSecond * rampSeconds) / 2
  // What has come by a time is the area below the rate until then: a triangle, and a rectangle behind it.
  const countAt = (time: number) =>
    time < rampSeconds ? (ratePerSecond * time ** 2) / (2 * rampSeconds) : inRamp + ratePerSecond * (time - rampSeconds)
  const total = Math.ceil(countAt(seconds))
  return {
    total,
    dueMs: index =>
      1000 *
      (index < inRamp
        ? Math.sqrt((2 * rampSeconds * index) / ratePerSecond)
        : rampSeconds + (index - inRamp) / ratePerSecond),
    dueBy: elapsedMs => Math.min(total, Math.floor(countAt(elapsedMs / 1000)) + 1),
  }
}
