/** How far the log has been read: everything up to this transaction and position. Both are unsigned 64-bit numbers as decimal text. */
export type Checkpoint = { xid: string; position: string }

/** The checkpoint before the first event. */
export const logStart: Checkpoint = { xid: '0', position: '0' }

/** Larger than any position: with it, a checkpoint is behind everything that its transaction has written. */
export const lastPosition = '999999999999999999'

/** A checkpoint as the cursor that clients hand back: `id` of a server-sent event, `after` of a query. */
export function encodeCursor(checkpoint: Checkpoint): string {
  return `${checkpoint.xid}-${checkpoint.position}`
}

/** Bounded numbers without leading zeros: checkpoints are compared as texts. */
const cursorForm = /^(0|[1-9]\d{0,18})-(0|[1-9]\d{0,17})$/

/** @returns undefined for what is no cursor */
export function decodeCursor(cursor: string): Checkpoint | undefined {
  const [, xid, position] = cursorForm.exec(cursor) ?? []
  return xid === undefined || position === undefined ? undefined : { xid, position }
}

/** Negative when `one` is before `other` in the log, 0 when they are the same, positive when it is behind. */
export function compareCheckpoints(one: Checkpoint, other: Checkpoint): number {
  return compareNumbers(one.xid, other.xid) || compareNumbers(one.position, other.position)
}

/** Decimal numbers without leading zeros: the longer one is larger. */
function compareNumbers(one: string, other: string): number {
  if (one.length !== other.length) return one.length - other.length
  return one < other ? -1 : one > other ? 1 : 0
}
