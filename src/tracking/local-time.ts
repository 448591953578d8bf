/** A time by the clock of a place, as carriers write it. */
export type LocalTime = Readonly<{
  /** The fields of the clock as if they were UTC, in milliseconds since 1970: for comparing clocks, never an instant. */
  localMs: number
  /** Minutes east of Greenwich, where an offset stands behind the time; undefined without one. */
  offsetMinutes: number | undefined
  /** A bare `Z` stood there: some put it behind local times, so it says nothing by itself. */
  hasZ: boolean
}>

/** No clock on earth is further from UTC than this, east and west; in minutes. */
export const offsetEastMax = 14 * 60
export const offsetWestMax = 12 * 60

const isoForm =
  /^(\d{4}-\d{2}-\d{2}|\d{8})(?:[T ](\d{2}:\d{2}(?::\d{2})?|\d{6}|\d{4})(?:[.,]\d{1,9})?)? *(Z|[+-]\d{2}(?::\d{2})?|[+-]\d{4})?$/i
const clockForm = /^(\d{1,2}:\d{2}(?::\d{2})?|\d{3,6}) *([AP]\.?M\.?)?$/i

/**
 * Reads a date with a time: `2026-11-28T09:30:00`, `20261128 093000`, and with an offset `+02:00` or `Z` behind.
 *
 * @returns undefined for anything else, and for a day or an hour that does not exist
 */
export function readLocalTime(text: string): LocalTime | undefined {
  const plain = readPlain(text)
  if (plain !== undefined) return { localMs: plain, offsetMinutes: undefined, hasZ: false }
  const [, date, clock = '', zone] = isoForm.exec(text.trim()) ?? []
  if (date === undefined) return undefined
  const [century, years, month, day] = pairsOf(date)
  const localMs = msOf([`${century}${years}`, month, day], pairsOf(clock))
  if (localMs === undefined) return undefined
  const hasZ = zone?.toUpperCase() === 'Z'
  if (zone === undefined || hasZ) return { localMs, offsetMinutes: undefined, hasZ }
  const offsetMinutes = readOffset(zone)
  return offsetMinutes === undefined ? undefined : { localMs, offsetMinutes, hasZ: false }
}

/** Reads the form that nearly all have, in a tenth of the time: `2026-11-28T09:30:00`. @returns undefined for anything else */
function readPlain(text: string): number | undefined {
  if (text.length !== 19 || text.charCodeAt(4) !== dash || text.charCodeAt(7) !== dash) return undefined
  if (text.charCodeAt(10) !== letterT || text.charCodeAt(13) !== colon || text.charCodeAt(16) !== colon)
    return undefined
  const year = 100 * pairAt(text, 0) + pairAt(text, 2)
  const month = pairAt(text, 5)
  const day = pairAt(text, 8)
  const hour = pairAt(text, 11)
  const minute = pairAt(text, 14)
  const second = pairAt(text, 17)
  // What is no digit makes each comparison false, and what no month has is left to the other way, with the leap day.
  const isDay = year >= 1900 && day >= 1 && day <= (daysOf[month] ?? 0)
  if (!isDay || !(hour <= 23 && minute <= 59 && second <= 59)) return undefined
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** By the number of the month. */
const daysOf = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const dash = '-'.charCodeAt(0)
const colon = ':'.charCodeAt(0)
const letterT = 'T'.charCodeAt(0)
const zero = '0'.charCodeAt(0)

/** Two digits of a text as a number; NaN when they are none. */
function pairAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - zero
  const units = text.charCodeAt(at + 1) - zero
  return tens >= 0 && tens <= 9 && units >= 0 && units <= 9 ? 10 * tens + units : Number.NaN
}

/** Reads a date and a clock apart: `2026-11-28`, `02:05 PM`. Some write AM and PM behind a clock of 24 hours: `13:58 PM`. */
export function readDateAndClock(date: string, clock: string): LocalTime | undefined {
  const day = readLocalTime(date)
  const [, digits, half] = clockForm.exec(clock.trim()) ?? []
  if (day === undefined || digits === undefined) return undefined
  const [hours = 0, minute = 0, second = 0] = pairsOf(digits).map(Number)
  const hour = hourOf(hours, half)
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const localMs = day.localMs + ((hour * 60 + minute) * 60 + second) * 1000
  return { localMs, offsetMinutes: undefined, hasZ: false }
}

/** The digits of a date, a clock or an offset in pairs, whatever stands between them; the first may be a single one. */
function pairsOf(text: string): string[] {
  const digits = text.replaceAll(/[-:]/g, '')
  return digits.padStart(digits.length + (digits.length % 2), '0').match(/../g) ?? []
}

function hourOf(hour: number, half: string | undefined): number {
  if (half === undefined || hour > 12) return hour
  return /^p/i.test(half) ? (hour % 12) + 12 : hour % 12
}

function msOf(day: readonly (string | undefined)[], clock: readonly string[]): number | undefined {
  const [year = 0, month = 0, date = 0] = day.map(Number)
  const [hour = 0, minute = 0, second = 0] = clock.map(Number)
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const ms = Date.UTC(year, month - 1, date, hour, minute, second)
  const read = new Date(ms)
  const isThere = year >= 1900 && read.getUTCMonth() === month - 1 && Date.UTC(year, month - 1, date) <= ms
  return isThere && new Date(Date.UTC(year, month - 1, date)).getUTCDate() === date ? ms : undefined
}

/** Reads an offset such as `+02:00`, `-0530` or `Z`, in minutes east of Greenwich; undefined for none that a clock can have. */
export function readOffset(text: string): number | undefined {
  if (text === '') return undefined
  const known = offsets.get(text)
  if (known !== undefined) return known
  const offset = parseOffset(text)
  if (offset !== undefined && offsets.size < offsetsMax) offsets.set(text, offset)
  return offset
}

/** Offsets that were read, as they were written: there are few. */
const offsets = new Map<string, number>()
const offsetsMax = 200

function parseOffset(text: string): number | undefined {
  if (/^z$/i.test(text)) return 0
  const [, sign, digits] = /^([+-])(\d{2}(?::\d{2})?|\d{4})$/.exec(text.trim()) ?? []
  if (digits === undefined) return undefined
  const [hours = 0, minutes = 0] = pairsOf(digits).map(Number)
  if (minutes > 59) return undefined
  const size = hours * 60 + minutes
  const offset = sign === '-' ? -size : size
  return offset <= offsetEastMax && offset >= -offsetWestMax ? offset : undefined
}

/** A local time as it is shown: `2026-11-28T09:30:00`. */
export function localText(localMs: number): string {
  return new Date(localMs).toISOString().slice(0, 19)
}
