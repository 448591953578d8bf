import { type Checkpoint, keyOf, type ReportedCheckpoint } from './checkpoint.ts'

/** What lies further ahead is not taken for news: a plan, or a wrong clock. Every clock on earth is less than that ahead of UTC. */
const futureMs = 86_400_000

/** Checkpoints that are kept of a parcel: the longest real list had 60. Of a longer one the oldest are kept. */
export const checkpointsMax = 500

export type Merged = Readonly<{
  /** All of the parcel. */
  checkpoints: readonly Checkpoint[]
  /** Those that were not known. */
  added: readonly Checkpoint[]
  /** Those that were known and are told more exactly: their place in a longer list, their zone, or that they are no longer ahead. */
  changed: readonly Checkpoint[]
}>

/**
 * Merges a report into what is known of its parcel. Any order of reports, and any of them twice, comes to the same.
 *
 * @param known all checkpoints of the parcel
 * @param list of the report, as `numbered` gives it
 */
export function merge(known: readonly Checkpoint[], list: readonly Checkpoint[]): Merged {
  const all = new Map(known.map(checkpoint => [checkpoint.key, checkpoint]))
  const added = new Map<string, Checkpoint>()
  const changed = new Map<string, Checkpoint>()
  for (const given of list) {
    const before = all.get(given.key)
    const after = before === undefined ? given : together(before, given)
    if (after === before || (before === undefined && all.size >= checkpointsMax)) continue
    all.set(given.key, after)
    if (before === undefined || added.has(given.key)) added.set(given.key, after)
    else changed.set(given.key, after)
  }
  return { checkpoints: [...all.values()], added: [...added.values()], changed: [...changed.values()] }
}

/**
 * The checkpoints of a report with their places in it, the oldest first.
 *
 * @param list in the order of the report
 * @param receivedAtMs when it came, in milliseconds since 1970
 */
export function numbered(list: readonly ReportedCheckpoint[], receivedAtMs: number): readonly Checkpoint[] {
  const oldestFirst = isNewestFirst(list) ? list.toReversed() : list
  return oldestFirst.map((checkpoint, index) => {
    const { id, code, status, reason, localMs, zone, offsetMinutes, place, text } = checkpoint
    const isFuture = localMs - (offsetMinutes ?? 0) * 60_000 > receivedAtMs + futureMs
    const position = list.length > 1 ? index : undefined
    const key = keyOf(checkpoint)
    return {
      id,
      code,
      status,
      reason,
      localMs,
      zone,
      offsetMinutes,
      place,
      text,
      key,
      receivedAtMs,
      position,
      isFuture,
    }
  })
}

/** Most lists begin with the newest, some with the oldest, and some have one out of place: the more frequent direction counts. */
function isNewestFirst(list: readonly ReportedCheckpoint[]): boolean {
  let falling = 0
  for (const [index, { localMs }] of list.entries()) {
    const before = list[index - 1]
    if (before !== undefined) falling += Math.sign(before.localMs - localMs)
  }
  return falling >= 0
}

/** What two reports say of one checkpoint, whichever came first. */
function together(one: Checkpoint, other: Checkpoint): Checkpoint {
  const position = larger(one.position, other.position)
  const isFuture = one.isFuture && other.isFuture
  const { zone, offsetMinutes } = betterZone(one, other)
  const receivedAtMs = Math.min(one.receivedAtMs, other.receivedAtMs)
  const isSame =
    position === one.position && isFuture === one.isFuture && zone === one.zone && offsetMinutes === one.offsetMinutes
  return isSame && receivedAtMs === one.receivedAtMs
    ? one
    : { ...one, position, isFuture, zone, offsetMinutes, receivedAtMs }
}

function larger(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.max(one, other)
}

const certainty = { known: 2, assumed: 1, unknown: 0 } as const

function betterZone(one: Checkpoint, other: Checkpoint): Checkpoint {
  if (one.zone !== other.zone) return certainty[one.zone] > certainty[other.zone] ? one : other
  return (one.offsetMinutes ?? 0) <= (other.offsetMinutes ?? 0) ? one : other
}
