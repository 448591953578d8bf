import { shortened } from './amount.ts'
import { SettlementFileError } from './settlement.ts'

const form =
  /^(\d{4}[-/]\d{2}[-/]\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?(?: ?(Z|UTC|[+-](?:\d{2}:\d{2}|\d{4})))?$/

/**
 * Abbreviations that Adyen's reports name time zones by, in minutes from UTC. One that means several zones has the one that the report
 * is known to write.
 */
const zones: ReadonlyMap<string, number> = new Map(
  Object.entries({
    ...{ UTC: 0, GMT: 0, WET: 0, WEST: 60, BST: 60, IST: 330, CET: 60, CEST: 120, EET: 120, EEST: 180, MSK: 180 },
    ...{
      EST: -300,
      EDT: -240,
      CST: -360,
      CDT: -300,
      MST: -420,
      MDT: -360,
      PST: -480,
      PDT: -420,
      BRT: -180,
      BRST: -120,
    },
    ...{ SGT: 480, HKT: 480, JST: 540, AWST: 480, AEST: 600, AEDT: 660, NZST: 720, NZDT: 780, GST: 240, SAST: 120 },
  }),
)

/**
 * Reads a time such as `2026-11-28 09:30:00`, `2026/11/28 09:30:00 -0700` or `2026-11-28T09:30:00Z`.
 *
 * @param zone an abbreviation for a time without an offset; UTC without one
 * @returns milliseconds since 1970; undefined for the empty text
 * @throws SettlementFileError for anything else
 */
export function toInstant(text: string, zone = 'UTC'): number | undefined {
  return instantIn(text, 0, text.length, zone)
}

/** Reads a time that stands in a text, as `toInstant` does. @param start its first character @param end just behind its last */
export function instantIn(whole: string, start: number, end: number, zone = 'UTC'): number | undefined {
  if (start === end) return undefined
  const secondOfDay =
    end - start === nearlyAllLength && whole.startsWith(last.date, start) ? secondOf(whole, start) : undefined
  if (secondOfDay !== undefined && last.ms !== undefined) return last.ms + (secondOfDay - minutesOf(zone) * 60) * 1000
  const text = whole.slice(start, end)
  const [, date = '', hour = '00', minute = '00', second = '00', offset] = form.exec(text) ?? []
  const dayMs = dayOf(date)
  const [hours, minutes, seconds] = [Number(hour), Number(minute), Number(second)]
  if (dayMs === undefined || hours > 23 || minutes > 59 || seconds > 59) {
    throw new SettlementFileError(`"${shortened(text)}" is no time`)
  }
  return dayMs + ((hours * 60 + minutes - minutesOf(offset ?? zone)) * 60 + seconds) * 1000
}

/** The day that was read last: those of a file come in order, and reading one takes longer than the rest of the time. */
let last: { date: string; ms: number | undefined } = { date: '', ms: undefined }

const dateLength = '2026-11-28'.length
/** Of the form that nearly all times have. */
const nearlyAllLength = '2026-11-28 09:30:00'.length

/**
 * The second of the day of a time in the form that nearly all have, which this reads in a tenth of what the expression takes.
 *
 * @param text has the day of `last` at the place
 * @returns undefined for every other form
 */
function secondOf(text: string, start: number): number | undefined {
  if (last.date === '') return undefined
  const time = start + dateLength
  const between = text.charCodeAt(time)
  if (between !== 0x20 && between !== 0x54) return undefined
  if (text.charCodeAt(time + 3) !== 0x3a || text.charCodeAt(time + 6) !== 0x3a) return undefined
  const [hours, minutes, seconds] = [digitsAt(text, time + 1), digitsAt(text, time + 4), digitsAt(text, time + 7)]
  // What is no digit comes to more than any number of two digits.
  return hours > 23 || minutes > 59 || seconds > 59 ? undefined : (hours * 60 + minutes) * 60 + seconds
}

/** A number of two digits; 100 where something else stands. */
function digitsAt(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 0x30
  const ones = text.charCodeAt(at + 1) - 0x30
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : 100
}

/** When a day begins in UTC, in milliseconds since 1970; undefined for one that no month has. */
function dayOf(date: string): number | undefined {
  if (last.date === date) return last.ms
  const day = new Date(`${date.replaceAll('/', '-')}T00:00:00Z`)
  // The 31st of every month is read as a day.
  const isDay = day.getUTCDate() === Number(date.slice(8))
  last = { date, ms: isDay ? day.getTime() : undefined }
  return last.ms
}

function minutesOf(zone: string): number {
  if (zone === 'Z' || zone === 'UTC') return 0
  if (/^[+-](?:\d{2}:\d{2}|\d{4})$/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
    return zone.startsWith('-') ? -minutes : minutes
  }
  const known = zones.get(zone)
  if (known === undefined) throw new SettlementFileError(`the time zone "${shortened(zone)}" is not known`)
  return known
}
