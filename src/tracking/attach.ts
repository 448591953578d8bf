import { copyInto } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import { normalizeCarrier, normalizeNumber } from './checkpoint.ts'
import { afterAttaching, meantParcel, newParcel, type Parcel, parcelKey } from './parcel.ts'
import { notifyingParcels } from './parcel-queries.ts'
import { stateOfNothing } from './parcel-state.ts'
import { lockAndRead } from './report-writer.ts'
import { copyOfParcels, updateParcels } from './rows.ts'
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
  const { parcelsOf, checkpoints } = await lockAndRead(client, numbers)
  const created = new Map<string, Parcel>()
  const updated = new Map<string, Parcel>()
  const rows = wanted.map(({ orderUid, shipmentId, number, carrier, shippedSinceMs }) => {
    const known = [...(parcelsOf.get(number) ?? []), ...[...created.values()].filter(one => one.number === number)]
    const meant = meantParcel(known, carrier)
    const before = meant ?? newParcel(number, carrier, nowMs)
    const key = parcelKey(before)
    const now = updated.get(key) ?? created.get(key) ?? before
    const after = afterAttaching(now, checkpoints.get(key) ?? [], shippedSinceMs, nowMs)
    const isNew = meant === undefined || created.has(key)
    ;(isNew ? created : updated).set(key, after)
    return { orderUid, shipmentId, number, carrier: before.carrier, key }
  })
  const notifying = notifyingParcels([...updated.values(), ...created.values()])
  await inOneRoundTrip(client, [...updateParcels([...updated.values()]), insertShipments(rows, nowMs), ...notifying])
  if (created.size > 0) await copyInto(client, [copyOfParcels([...created.values()])], '')
  return rows.flatMap(({ key, ...shipment }) => {
    const after = updated.get(key)?.state
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
