import { shortened } from './amount.ts'
import { SettlementFileError } from './settlement.ts'

const form =
  /^(\d{4})[-/](\d{2})[-/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d{1,9})?)?)?(?: ?(Z|UTC|[+-](?:\d{2}:\d{2}|\d{4})))?$/

/**
 * Abbreviations that Adyen's reports name time zones by, in minutes from UTC. One that means several zones has the one that the report
 * is known to write.
 */
const zones: Readonly<Record<string, number>> = {
  ...{ UTC: 0, GMT: 0, WET: 0, WEST: 60, BST: 60, IST: 330, CET: 60, CEST: 120, EET: 120, EEST: 180, MSK: 180 },
  ...{ EST: -300, EDT: -240, CST: -360, CDT: -300, MST: -420, MDT: -360, PST: -480, PDT: -420, BRT: -180, BRST: -120 },
  ...{ SGT: 480, HKT: 480, JST: 540, AWST: 480, AEST: 600, AEDT: 660, NZST: 720, NZDT: 780, GST: 240, SAST: 120 },
}

/**
 * Reads a time such as `2026-11-28 09:30:00`, `2026/11/28 09:30:00 -0700` or `2026-11-28T09:30:00Z`.
 *
 * @param zone an abbreviation for a time without an offset; UTC without one
 * @returns milliseconds since 1970; undefined for the empty text
 * @throws SettlementFileError for anything else
 */
export function toInstant(text: string, zone = 'UTC'): number | undefined {
  if (text === '') return undefined
  const [, year, month, day, hour = '00', minute = '00', second = '00', offset] = form.exec(text) ?? []
  const localMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  // Date.parse takes the 31st of every month for a day.
  if (Number.isNaN(localMs) || new Date(localMs).getUTCDate() !== Number(day)) {
    throw new SettlementFileError(`"${shortened(text)}" is no time`)
  }
  return localMs - minutesOf(offset ?? zone) * 60_000
}

function minutesOf(zone: string): number {
  if (zone === 'Z') return 0
  if (/^[+-](?:\d{2}:\d{2}|\d{4})$/.test(zone)) {
    const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2))
    return zone.startsWith('-') ? -minutes : minutes
  }
  const known = zones[zone]
  if (known === undefined) throw new SettlementFileError(`the time zone "${shortened(zone)}" is not known`)
  return known
}
