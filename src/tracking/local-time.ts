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
