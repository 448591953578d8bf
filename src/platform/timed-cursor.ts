/** A place in a list by time: the last entry that was handed out, its time in milliseconds since 1970 and its id. */
export type TimedPosition = Readonly<{ atMs: number; id: string }>

const form = /^(\d{1,15})-([\w-]{1,64})$/

/** A position as text that a client hands back unchanged. */
export function encodeTimedCursor({ atMs, id }: TimedPosition): string {
  return `${atMs}-${id}`
}

/** @returns undefined for a text that is no cursor */
export function decodeTimedCursor(cursor: string): TimedPosition | undefined {
  const [, ms, id] = form.exec(cursor) ?? []
  return ms === undefined || id === undefined ? undefined : { atMs: Number(ms), id }
}
