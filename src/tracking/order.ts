import { type Checkpoint, instantOf } from './checkpoint.ts'
import type { TrackingStatus } from './tracking-status.ts'

/**
 * The order of checkpoints. It follows from what they say, and not from when they came:
 *
 * 1. What is certain: instants where both zones are known; local time within one place; and local times that are further apart than the
 *    clocks of New Zealand and Hawaii.
 * 2. Where that says nothing, the order of the carrier's list.
 * 3. Where they never stood in a list together, local time, then how far each status is on the way.
 */

/** The clocks that are furthest from UTC where parcels are scanned, in milliseconds: New Zealand's in summer, and Hawaii's. */
const eastMs = 13 * 3_600_000
const westMs = 10 * 3_600_000

/** How far along its way a parcel is, for checkpoints of one minute and place only. */
const progress: Record<TrackingStatus, number> = {
  ...{
    unknown: 0,
    expired: 1,
    pre_transit: 2,
    picked_up: 3,
    in_transit: 4,
    delayed: 5,
    on_hold: 6,
    out_for_delivery: 7,
  },
  ...{
    attempted_delivery: 8,
    available_for_pickup: 9,
    failure: 10,
    cancelled: 11,
    return_to_sender: 12,
    delivered: 13,
  },
}

/** A checkpoint with what the order is made of, computed once. */
type Placed = {
  readonly checkpoint: Checkpoint
  readonly instant: number | undefined
  readonly earliestMs: number
  readonly latestMs: number
  position: number
  /** How many of those that are left are certainly later. */
  later: number
}

/** Checkpoints of a parcel, the oldest first. The same for every order in which they are given. */
export function inOrder(checkpoints: readonly Checkpoint[]): Checkpoint[] {
  if (checkpoints.length < 2) return [...checkpoints]
  const left = checkpoints.map(place)
  const listed = left.filter(({ checkpoint }) => checkpoint.position !== undefined)
  for (const one of left) {
    if (one.checkpoint.position === undefined) one.position = positionAmong(listed, one)
    for (const other of left) if (certainly(one, other) < 0) one.later += 1
  }
  const newestFirst: Checkpoint[] = []
  while (left.length > 0) {
    const newest = left.splice(indexOfNewest(left), 1)[0]
    if (newest === undefined) break
    for (const one of left) if (certainly(one, newest) < 0) one.later -= 1
    newestFirst.push(newest.checkpoint)
  }
  return newestFirst.reverse()
}

function place(checkpoint: Checkpoint): Placed {
  const instant = instantOf(checkpoint)
  const earliestMs = instant ?? checkpoint.localMs - eastMs
  const latestMs = instant ?? checkpoint.localMs + westMs
  return { checkpoint, instant, earliestMs, latestMs, position: checkpoint.position ?? 0, later: 0 }
}

/** Below 0: the first is certainly older than the second; above 0: newer; 0: nobody can say, or they are of one time. */
function certainly(one: Placed, other: Placed): number {
  if (one.instant !== undefined && other.instant !== undefined) return one.instant - other.instant
  const { checkpoint: a } = one
  const { checkpoint: b } = other
  if (a.place !== '' && a.place === b.place) return a.localMs - b.localMs
  if (one.latestMs < other.earliestMs) return -1
  return other.latestMs < one.earliestMs ? 1 : 0
}

/** Where one that stood in no list belongs among those that did: behind those whose clocks are not ahead of its own. */
function positionAmong(listed: readonly Placed[], { checkpoint }: Placed): number {
  let before = -1
  for (const other of listed)
    if (other.checkpoint.localMs <= checkpoint.localMs) before = Math.max(before, other.position)
  return before + 0.5
}

/** The newest of those that none is certainly later than; of all when reports contradict each other in a circle. */
function indexOfNewest(left: readonly Placed[]): number {
  const isFree = left.some(({ later }) => later === 0)
  let found = -1
  for (const [index, one] of left.entries()) {
    if (isFree && one.later > 0) continue
    const best = left[found]
    if (best === undefined || compare(one, best) > 0) found = index
  }
  return found
}

function compare(one: Placed, other: Placed): number {
  const { checkpoint: a } = one
  const { checkpoint: b } = other
  if (one.position !== other.position) return one.position - other.position
  if (a.localMs !== b.localMs) return a.localMs - b.localMs
  if (a.status !== b.status) return progress[a.status] - progress[b.status]
  return a.key < b.key ? -1 : 1
}
