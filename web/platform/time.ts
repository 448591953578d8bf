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

/** The unit for relative times from each of these spans on, largest first. */
const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const

/** The time in milliseconds since 1970, updated each second. */
export const clock = signal(Date.now())
setInterval(() => {
  if (!document.hidden) clock.value = Date.now()
}, 1_000)

/** Formats a time as date and time of day, in the user's language and zone. */
export function absolute(timeMs: number): string {
  return absoluteFormat.format(timeMs)
}

/** Formats the hours and minutes of a time. */
export function timeOfDay(timeMs: number): string {
  return clockFormat.format(timeMs)
}

/** Formats a time of today to the millisecond, and any other as day and minute. */
export function clockTime(timeMs: number, nowMs: number): string {
  const isToday = dayFormat.format(timeMs) === dayFormat.format(nowMs)
  return isToday ? wholeClockFormat.format(timeMs) : `${dayFormat.format(timeMs)}, ${timeOfDay(timeMs)}`
}

/** Formats how long ago a time was, or how far ahead it is, in one unit. */
export function relative(timeMs: number, nowMs: number): string {
  const seconds = Math.round((timeMs - nowMs) / 1000)
  // Clocks differ a little: what has just happened never lies in the future.
  if (Math.abs(seconds) < 2) return relativeFormat.format(0, 'second')
  const [unit, length] = units.find(([, span]) => Math.abs(seconds) >= span) ?? (['second', 1] as const)
  return relativeFormat.format(Math.trunc(seconds / length), unit)
}

/** Formats a duration such as a lag, briefly. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  if (seconds < 120) return `${Math.round(seconds)} s`
  if (seconds < 7_200) return `${Math.round(seconds / 60)} min`
  return `${Math.round(seconds / 3_600)} h`
}

/** The user's offset from UTC in minutes, rounded to quarters of an hour as the API requires. */
export function utcOffsetMinutes(): number {
  return Math.round(-new Date().getTimezoneOffset() / 15) * 15
}

/** A time as RFC 3339 in UTC, from itself or from a field in the reader's zone; undefined for what is none. */
export function timeOf(text: string | undefined): string | undefined {
  const time = new Date(text ?? '')
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString()
}

/** A time as a field of the reader's zone takes it, such as 2026-11-28T10:30:00. */
export function localTime(at: string): string {
  const time = new Date(at)
  const two = (part: number) => String(part).padStart(2, '0')
  const day = `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  return `${day}T${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}
