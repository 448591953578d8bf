/** A place in the log: everything up to it has been read. Both are unsigned 64-bit numbers as decimal text. */
export type LogPlace = { xid: string; position: string }

/** The place before the first event. */
export const logStart: LogPlace = { xid: '0', position: '0' }

/** Larger than any position: with it, a place is behind everything that its transaction has written. */
export const lastPosition = '999999999999999999'

/** A place as the cursor that clients hand back: `id` of a server-sent event, `after` of a query. */
export function encodePlace(place: LogPlace): string {
  return `${place.xid}-${place.position}`
}

/** A number of at most so many digits, written in the one way: places are compared as texts. */
const placeForm = /^(0|[1-9]\d{0,18})-(0|[1-9]\d{0,17})$/

/** @returns undefined for what is no cursor */
export function decodePlace(cursor: string): LogPlace | undefined {
  const [, xid, position] = placeForm.exec(cursor) ?? []
  return xid === undefined || position === undefined ? undefined : { xid, position }
}

/** Negative when `one` is before `other` in the log, 0 when they are the same, positive when it is behind. */
export function comparePlaces(one: LogPlace, other: LogPlace): number {
  return compareNumbers(one.xid, other.xid) || compareNumbers(one.position, other.position)
}

/** Decimal numbers without leading zeros: the longer one is larger. */
function compareNumbers(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}
