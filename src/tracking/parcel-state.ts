import { type Checkpoint, instantOf } from './checkpoint.ts'
import { localText, offsetWestMax } from './local-time.ts'
import { inOrder } from './order.ts'
import type { ParcelState } from './tracking-part.ts'

/** The state before anything is known. */
export const stateOfNothing: ParcelState = {
  status: 'unknown',
  reason: '',
  isReturning: false,
  occurredLocal: undefined,
  occurredAtMs: undefined,
  place: '',
  estimatedDeliveryAtMs: undefined,
}

/**
 * How long before its shipment a parcel may have been reported: shops make the label first and tell of it later. Carriers use a number
 * again after half a year at the earliest, and what is older is another parcel's.
 */
const knownBeforeMs = 90 * 86_400_000

/** What of a parcel is outside its checkpoints. */
export type ParcelFacts = Readonly<{
  /** When the first of its shipments was created, in milliseconds since 1970; undefined while it has none. */
  shippedSinceMs: number | undefined
  estimatedDeliveryAtMs: number | undefined
}>

/** Whether a checkpoint is of another parcel that had the number before. */
export function isTooOld(checkpoint: Checkpoint, { shippedSinceMs }: ParcelFacts): boolean {
  if (shippedSinceMs === undefined) return checkpoint.localMs < earliestMs
  const latestMs = instantOf(checkpoint) ?? checkpoint.localMs + offsetWestMax * 60_000
  return latestMs < shippedSinceMs - knownBeforeMs
}

/** The year 2000: before it no carrier told anything here, and clocks that were never set say 1970. */
const earliestMs = Date.UTC(2000, 0)

/**
 * The state of a parcel: that of its newest checkpoint, and not the highest rank of all. Only `delivered` stays, until a return begins. What
 * lies in the future, is older than the parcel or has a code that nobody knows moves nothing.
 *
 * The same for every order in which the checkpoints are given.
 */
export function stateOf(checkpoints: readonly Checkpoint[], facts: ParcelFacts): ParcelState {
  const moving = checkpoints.filter(one => !one.isFuture && one.status !== 'unknown' && !isTooOld(one, facts))
  const ordered = inOrder(moving)
  const delivered = ordered.findLastIndex(({ status }) => status === 'delivered')
  const returned = ordered.findLastIndex(({ status }) => status === 'return_to_sender')
  const deciding = ordered.at(delivered > returned ? delivered : -1)
  const { estimatedDeliveryAtMs } = facts
  if (deciding === undefined) return { ...stateOfNothing, estimatedDeliveryAtMs }
  return {
    status: deciding.status,
    reason: deciding.reason,
    isReturning: returned >= 0,
    occurredLocal: localText(deciding.localMs),
    occurredAtMs: instantOf(deciding),
    place: deciding.place,
    estimatedDeliveryAtMs,
  }
}
