import type { Pool } from '../platform/postgres.ts'
import { parcelKey } from '../tracking/parcel.ts'
import { readCheckpointsOf, readParcelsOf } from '../tracking/parcel-queries.ts'
import { presentAll } from '../tracking/presentation.ts'
import type { ShipmentCheckpoint } from '../tracking/views.ts'
import type { Shipment } from './shipment.ts'

/** A place in the list of a shipment's checkpoints: the last one that was handed out. */
export type CheckpointPosition = Readonly<{ number: string; carrier: string; id: string }>

export type CheckpointPage = Readonly<{
  checkpoints: readonly ShipmentCheckpoint[]
  next: CheckpointPosition | undefined
}>

/** As many parcels as a shipment can have numbers, and more: two carriers may report one number. */
const parcelsMax = 200

/**
 * A page of what carriers have said of a shipment's parcels: parcel by parcel, of each the newest first. A parcel is read as a whole,
 * since the order of its checkpoints follows from all of them.
 *
 * @param after the checkpoint before the page; one that is not there any more counts as the last of its parcel
 */
export async function readCheckpoints(
  pool: Pool,
  { orderUid, shipmentId }: Pick<Shipment, 'orderUid' | 'shipmentId'>,
  after: CheckpointPosition | undefined,
  limit: number,
): Promise<CheckpointPage> {
  const all = (await readParcelsOf(pool, { orderUid, shipmentId, parcelsMax })).map(({ parcel }) => parcel)
  const first = after === undefined ? 0 : all.findIndex(parcel => parcelKey(parcel) === parcelKey(after))
  const left = first < 0 ? [] : all.slice(first)
  // Of the first one all may have been handed out already.
  let behind = -(left[0]?.checkpoints ?? 0)
  const wanted = left.filter(({ checkpoints }) => {
    const isNeeded = behind <= limit
    behind += checkpoints
    return isNeeded
  })
  const checkpoints = await readCheckpointsOf(pool, wanted)
  const shown = wanted.flatMap(parcel => presentAll(parcel, checkpoints.get(parcelKey(parcel)) ?? []))
  const page = after === undefined ? shown : behindOf(shown, after)
  const last = page.length > limit ? page[limit - 1] : undefined
  return {
    checkpoints: page.slice(0, limit),
    next: last && { number: last.tracking_number, carrier: last.carrier ?? '', id: last.id },
  }
}

function behindOf(shown: readonly ShipmentCheckpoint[], after: CheckpointPosition): readonly ShipmentCheckpoint[] {
  const isOfParcel = (one: ShipmentCheckpoint) =>
    one.tracking_number === after.number && (one.carrier ?? '') === after.carrier
  const found = shown.findIndex(one => isOfParcel(one) && one.id === after.id)
  return shown.slice((found >= 0 ? found : shown.findLastIndex(isOfParcel)) + 1)
}
