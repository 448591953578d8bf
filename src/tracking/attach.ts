import { copyInto } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import { normalizeCarrier, normalizeNumber } from './checkpoint.ts'
import { lockParcels, readCheckpoints } from './locked-numbers.ts'
import { afterAttaching, meantParcel, newParcel, type Parcel, parcelKey } from './parcel.ts'
import { notifyingParcels } from './parcel-queries.ts'
import { stateOfNothing } from './parcel-state.ts'
import { type ChangedParcel, parcelsTable } from './rows.ts'
import type { ParcelChange } from './tracking-part.ts'

/** A tracking number of a shipment. */
export type Attachment = Readonly<{
  orderUid: string
  shipmentId: string
  /** As people write it. */
  number: string
  /** As people write it; '' when nobody has said. */
  carrier: string
  /** When the shipment was created, in milliseconds since 1970. */
  shippedSinceMs: number
}>

/**
 * Has shipments follow the parcels of their tracking numbers, in a caller's transaction, which holds the locks of their orders and has
 * locked no parcel. Doing it again has no effect.
 *
 * @returns what is known already: of each attachment the change from nothing to the state of its parcel, unless nothing is known
 */
export async function attachParcels(
  client: PoolClient,
  attachments: readonly Attachment[],
  nowMs: number,
): Promise<readonly ParcelChange[]> {
  if (attachments.length === 0) return []
  const wanted = attachments.map(one => ({
    ...one,
    number: normalizeNumber(one.number),
    carrier: normalizeCarrier(one.carrier),
  }))
  const numbers = [...new Set(wanted.map(({ number }) => number))]
  const parcelsOf = await lockParcels(client, numbers)
  const checkpoints = await readCheckpoints(client, [...parcelsOf.values()].flat())
  const created = new Map<string, Parcel>()
  const updated = new Map<string, ChangedParcel>()
  const rows = wanted.map(({ orderUid, shipmentId, number, carrier, shippedSinceMs }) => {
    const known = [...(parcelsOf.get(number) ?? []), ...[...created.values()].filter(one => one.number === number)]
    const meant = meantParcel(known, carrier)
    const before = meant ?? newParcel(number, carrier, nowMs)
    const key = parcelKey(before)
    const now = updated.get(key)?.after ?? created.get(key) ?? before
    const after = afterAttaching(now, checkpoints.get(key) ?? [], shippedSinceMs, nowMs)
    if (meant === undefined || created.has(key)) created.set(key, after)
    else updated.set(key, { before: updated.get(key)?.before ?? before, after })
    return { orderUid, shipmentId, number, carrier: before.carrier, key }
  })
  const changed = [...updated.values()]
  const notifying = notifyingParcels([...changed.map(({ after }) => after), ...created.values()])
  await inOneRoundTrip(client, [...parcelsTable.update(changed), insertShipments(rows, nowMs), ...notifying])
  if (created.size > 0) await copyInto(client, [parcelsTable.copyOf([...created.values()])], '')
  return rows.flatMap(({ key, ...shipment }) => {
    const after = updated.get(key)?.after.state
    if (after === undefined || after.status === 'unknown') return []
    return [{ ...shipment, before: stateOfNothing, after, traceparent: undefined }]
  })
}

function insertShipments(
  rows: readonly { orderUid: string; shipmentId: string; number: string; carrier: string }[],
  nowMs: number,
) {
  return command(
    `insert into parcel_shipments (order_uid, shipment_id, number, carrier, attached_at)
     select order_uid, shipment_id, number, carrier, $2
       from json_to_recordset($1::json) given (order_uid text, shipment_id text, number text, carrier text)
         on conflict do nothing`,
    [
      JSON.stringify(rows.map(row => ({ ...row, order_uid: row.orderUid, shipment_id: row.shipmentId }))),
      new Date(nowMs),
    ],
  )
}
