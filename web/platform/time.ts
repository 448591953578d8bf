import { signal } from '@preact/signals'

const absoluteFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const clockFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const dayFormat = new Intl.DateTimeFormat(undefined, { year: '2-digit', month: 'numeric', day: 'numeric' })
const wholeClockFormat = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})
const relativeFormat = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' })

/** From each of these spans on a time is told in its unit, largest first. */
const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** The time, in milliseconds since 1970, moved on each second. */
export const clock = signal(Date.now())
setInterval(() => {
  if (!document.hidden) clock.value = Date.now()
}, 1_000)

/** A time as date and time of day in the reader's language and zone. */
export function absolute(timeMs: number): string {
  return absoluteFormat.format(timeMs)
}

/** The hours and minutes of a time. */
export function timeOfDay(timeMs: number): string {
  return clockFormat.format(timeMs)
}

/** The time of day of something, to the millisecond; of what is not of this day, the day and the minute. */
export function clockTime(timeMs: number, nowMs: number): string {
  const isToday = dayFormat.format(timeMs) === dayFormat.format(nowMs)
  return isToday ? wholeClockFormat.format(timeMs) : `${dayFormat.format(timeMs)}, ${timeOfDay(timeMs)}`
}

/** How long ago a time was, or how long until it is, in one unit. */
export function relative(timeMs: number, nowMs: number): string {
  const seconds = Math.round((timeMs - nowMs) / 1000)
  // Clocks differ a little: what has just happened here never lies in the future.
  if (Math.abs(seconds) < 2) return relativeFormat.format(0, 'second')
  const [unit, length] = units.find(([, span]) => Math.abs(seconds) >= span) ?? (['second', 1] as const)
  return relativeFormat.format(Math.trunc(seconds / length), unit)
}

/** A duration such as a lag, short. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3_600)} h`
}

/** By how many minutes the reader's clock is ahead of UTC, as the API takes it: in quarters of an hour. */
export function utcOffsetMinutes(): number {
  return Math.round(-new Date().getTimezoneOffset() / 15) * 15
}
