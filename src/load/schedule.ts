/** When each request of a load is due, independent of the others. Pure. */
export type Schedule = {
  /** The number of requests. */
  total: number
  /** When a request is due, in milliseconds after the start; they are numbered from 0. */
  dueMs(index: number): number
  /** How many requests are due until a time, in milliseconds after the start. */
  dueBy(elapsedMs: number): number
}

/**
 * Makes a schedule with a steady rate, optionally after a linear ramp.
 *
 * @param rampSeconds the length of the ramp; the rest of `seconds` is steady
 */
export function makeSchedule(ratePerSecond: number, seconds: number, rampSeconds = 0): Schedule {
  const inRamp = (ratePerSecond * rampSeconds) / 2
  // The requests until a time are the area below the rate: a triangle, then a rectangle.
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
