import { type Checkpoint, instantOf } from './checkpoint.ts'
import { localText } from './local-time.ts'
import { inOrder } from './order.ts'
import type { Parcel } from './parcel.ts'
import { isTooOld } from './parcel-state.ts'
import type { TrackedParcel } from './views.ts'

/** A parcel as anybody may see it. What lies in the future or is older than it is not shown. */
export function presentParcel(parcel: Parcel, checkpoints: readonly Checkpoint[]): TrackedParcel {
  const { state } = parcel
  const shown = checkpoints.filter(one => !one.isFuture && !isTooOld(one, parcel))
  return {
    ...{ tracking_number: parcel.number, carrier: parcel.carrier || null, status: state.status },
    ...{ reason: state.reason || null, returning: state.isReturning },
    estimated_delivery_at: timeOf(parcel.estimatedDeliveryAtMs),
    checkpoints: inOrder(shown).toReversed().map(presentCheckpoint),
  }
}

function presentCheckpoint(checkpoint: Checkpoint): TrackedParcel['checkpoints'][number] {
  return {
    ...{ status: checkpoint.status, reason: checkpoint.reason || null },
    ...{ occurred_local: localText(checkpoint.localMs), occurred_at: timeOf(instantOf(checkpoint)) },
    ...{ zone: checkpoint.zone, place: checkpoint.place || null },
    received_at: new Date(checkpoint.receivedAtMs).toISOString(),
  }
}

const timeOf = (atMs: number | undefined) => (atMs === undefined ? null : new Date(atMs).toISOString())
