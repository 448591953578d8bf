const form = /^(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:[Zz]|[+-](\d{2}):(\d{2}))$/

/**
 * The instant that an RFC 3339 text names, or undefined when it names none: a 30 February, an hour 24, a year 0
 * (PostgreSQL has none). A leap second (RFC 3339 section 5.7) is taken as the second after it.
 *
 * @returns milliseconds since 1970-01-01T00:00:00Z; digits beyond milliseconds are cut off
 */
export function instantOf(text: string): number | undefined {
  const parts = form.exec(text)
  if (parts === null) return undefined
  const [year, month, day, hour, minute, second, , offsetHour, offsetMinute] = parts.slice(1).map(Number)
  if (year === undefined || month === undefined || day === undefined || second === undefined) return undefined
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return undefined
  if ((hour ?? 24) > 23 || (minute ?? 60) > 59 || second > 60) return undefined
  if ((offsetHour ?? 0) > 23 || (offsetMinute ?? 0) > 59) return undefined
  const leapSecond = second === 60
  // The language's own parser knows no leap second, so it gets the second before.
  const instantMs = Date.parse((leapSecond ? text.replace(/:60/, ':59') : text).toUpperCase())
  if (Number.isNaN(instantMs)) return undefined
  return leapSecond ? instantMs + 1000 : instantMs
}

/** Days of a month of the Gregorian calendar; day 0 of the next month is the last of this one. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
}
