/** The form of a time in RFC 3339; the day is checked separately, since months differ. */
export const instantForm =
  /^\d{4}-\d{2}-\d{2}[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/

/**
 * The first instant that RFC 3339 can write in UTC with a year that PostgreSQL has, and the first that it cannot. A text with
 * an offset reaches beyond both: `9999-12-31T23:59:59-01:00` is in the year 10000, `0001-01-01T00:00:00+14:00` in the year 0.
 */
export const instantBoundsMs = { first: Date.parse('0001-01-01T00:00:00Z'), end: Date.UTC(10_000, 0, 1) } as const

/**
 * The instant that an RFC 3339 text names, or undefined when it names none (a 30 February, an hour 24) or one that cannot be
 * written in UTC with the years 0001 to 9999. A leap second (RFC 3339 section 5.7) is taken as the second after it.
 *
 * @returns milliseconds since 1970-01-01T00:00:00Z; digits beyond milliseconds are cut off
 */
export function instantOf(text: string): number | undefined {
  const instantMs = anyInstantOf(text)
  if (instantMs === undefined || instantMs < instantBoundsMs.first || instantMs >= instantBoundsMs.end) return undefined
  return instantMs
}

/** The same without the bounds in UTC, for orders from before there were any. */
export function anyInstantOf(text: string): number | undefined {
  if (!instantForm.test(text) || text.startsWith('0000')) return undefined
  // JavaScript parses 30 February as 2 March, so a day that not every month has must come out as it went in.
  const day = Number(text.slice(8, 10))
  if (day > 28 && day !== new Date(Date.parse(text.slice(0, 10))).getUTCDate()) return undefined
  // It does not parse leap seconds either, so it gets the second before.
  const isLeapSecond = text.startsWith('60', 17)
  const known = isLeapSecond ? `${text.slice(0, 17)}59${text.slice(19)}` : text
  const instantMs = Date.parse(known.toUpperCase())
  if (Number.isNaN(instantMs)) return undefined
  return isLeapSecond ? instantMs + 1000 : instantMs
}
