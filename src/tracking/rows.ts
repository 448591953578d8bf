import { type Column, type Copy, copierOf } from '../platform/copy.ts'
import type { Statement } from '../platform/round-trip.ts'
import { type Change, inWholeMilliseconds as ms, tableOf } from '../platform/table.ts'
import type { Checkpoint, ZoneKind } from './checkpoint.ts'
import { localText } from './local-time.ts'
import type { Parcel } from './parcel.ts'
import type { TrackingStatus } from './tracking-status.ts'

/** The rows of parcels and their checkpoints, as they are written and read. */

/** A parcel's checkpoint with the parcel that it is of. */
export type OwnCheckpoint = Readonly<{ number: string; carrier: string; checkpoint: Checkpoint }>

/** A shipment that is in a parcel. */
export type ParcelShipment = Readonly<{
  orderUid: string
  shipmentId: string
  number: string
  carrier: string
  /** Whether the recipient of the order was erased: then no words of the carrier are kept. */
  isErased: boolean
}>

type Value = string | number | boolean | undefined
type Type = 'text' | 'integer' | 'time' | 'boolean'

const yes = Uint8Array.of(1)
const no = Uint8Array.of(0)

function column<Item>(name: string, type: Type, of: (item: Item) => Value): Column<Item> {
  return {
    name,
    write(item, writer) {
      const value = of(item)
      if (value === undefined) writer.null()
      else if (type === 'text') writer.text(value as string)
      else if (type === 'integer') writer.integer(value as number)
      else if (type === 'time') writer.timestamp(value as number)
      else writer.bytes(value === true ? yes : no)
    },
  }
}

/** The local time of a state, as if it were UTC. */
const localMsOf = (text: string | undefined) => (text === undefined ? undefined : Date.parse(`${text}Z`))

export const parcelsTable = tableOf<Parcel>('parcels', [
  { name: 'number', type: 'text', role: 'key', of: parcel => parcel.number },
  { name: 'carrier', type: 'text', role: 'key', of: parcel => parcel.carrier },
  { name: 'status', type: 'text', of: parcel => parcel.state.status },
  { name: 'reason', type: 'text', of: parcel => parcel.state.reason },
  { name: 'is_returning', type: 'boolean', of: parcel => parcel.state.isReturning },
  { name: 'occurred_local', type: 'timestamp', of: parcel => localMsOf(parcel.state.occurredLocal) },
  { name: 'occurred_at', type: 'timestamptz', of: parcel => parcel.state.occurredAtMs },
  { name: 'place', type: 'text', of: parcel => parcel.state.place },
  { name: 'estimated_delivery_at', type: 'timestamptz', of: parcel => parcel.estimatedDeliveryAtMs },
  { name: 'checkpoints', type: 'integer', of: parcel => parcel.checkpoints },
  { name: 'shipped_since', type: 'timestamptz', of: parcel => parcel.shippedSinceMs },
  { name: 'waiting_since', type: 'timestamptz', of: parcel => parcel.waitingSinceMs },
  { name: 'silent_at', type: 'timestamptz', of: parcel => parcel.silentAtMs },
  { name: 'list_digest', type: 'text', of: parcel => parcel.listDigest },
  { name: 'created_at', type: 'timestamptz', role: 'fixed', of: parcel => parcel.createdAtMs },
  { name: 'updated_at', type: 'timestamptz', of: parcel => parcel.updatedAtMs },
])

/** A parcel that is there, before and after a change. */
export type ChangedParcel = Required<Change<Parcel>>

export const copyOfCheckpoints: (checkpoints: readonly OwnCheckpoint[]) => Copy = copierOf('parcel_checkpoints', [
  column('number', 'text', one => one.number),
  column('carrier', 'text', one => one.carrier),
  column('checkpoint_key', 'text', one => one.checkpoint.key),
  column('checkpoint_id', 'text', one => one.checkpoint.id),
  column('code', 'text', one => one.checkpoint.code),
  column('status', 'text', one => one.checkpoint.status),
  column('reason', 'text', one => one.checkpoint.reason),
  column('occurred_local', 'time', one => one.checkpoint.localMs),
  column('zone', 'text', one => one.checkpoint.zone),
  column('offset_minutes', 'integer', one => one.checkpoint.offsetMinutes),
  column('place', 'text', one => one.checkpoint.place),
  column('text', 'text', one => one.checkpoint.text),
  column('position', 'integer', one => one.checkpoint.position),
  column('is_future', 'boolean', one => one.checkpoint.isFuture),
  column('received_at', 'time', one => one.checkpoint.receivedAtMs),
])

const iso = (atMs: number | undefined) => (atMs === undefined ? null : new Date(atMs).toISOString())

/** Writes what a later report says more exactly of checkpoints that are there. */
export function updateCheckpoints(checkpoints: readonly OwnCheckpoint[]): Statement<undefined>[] {
  if (checkpoints.length === 0) return []
  const text = `update parcel_checkpoints t
     set zone = u.zone, offset_minutes = u.offset_minutes, position = u.position, is_future = u.is_future, received_at = u.received_at
    from json_to_recordset($1::json) u (number text, carrier text, checkpoint_key text, zone text, offset_minutes integer,
                                        position integer, is_future boolean, received_at timestamptz)
   where t.number = u.number and t.carrier = u.carrier and t.checkpoint_key = u.checkpoint_key`
  const rows = checkpoints.map(({ number, carrier, checkpoint }) => ({
    ...{ number, carrier, checkpoint_key: checkpoint.key, zone: checkpoint.zone, position: checkpoint.position },
    ...{ offset_minutes: checkpoint.offsetMinutes, is_future: checkpoint.isFuture },
    received_at: iso(checkpoint.receivedAtMs),
  }))
  return [{ text, values: [JSON.stringify(rows)], read: () => undefined }]
}

type Times = Record<
  'occurred_local' | 'occurred_at' | 'estimated_delivery_at' | 'shipped_since' | 'waiting_since' | 'silent_at',
  number | null
>
export type ParcelRow = Readonly<
  Times & {
    number: string
    carrier: string
    status: TrackingStatus
    reason: string
    is_returning: boolean
    place: string
    checkpoints: number
    list_digest: string | null
    created_at: number
    updated_at: number
  }
>

export const parcelColumns = `number, carrier, status, reason, is_returning, ${ms('occurred_local')}, ${ms('occurred_at')}, place,
  ${ms('estimated_delivery_at')}, checkpoints, ${ms('shipped_since')}, ${ms('waiting_since')}, ${ms('silent_at')},
  list_digest, ${ms('created_at')}, ${ms('updated_at')}`

export function toParcel(row: ParcelRow): Parcel {
  const estimatedDeliveryAtMs = row.estimated_delivery_at ?? undefined
  return {
    number: row.number,
    carrier: row.carrier,
    checkpoints: row.checkpoints,
    estimatedDeliveryAtMs,
    state: {
      status: row.status,
      reason: row.reason,
      isReturning: row.is_returning,
      place: row.place,
      occurredLocal: row.occurred_local === null ? undefined : localText(row.occurred_local),
      occurredAtMs: row.occurred_at ?? undefined,
      estimatedDeliveryAtMs,
    },
    shippedSinceMs: row.shipped_since ?? undefined,
    waitingSinceMs: row.waiting_since ?? undefined,
    silentAtMs: row.silent_at ?? undefined,
    listDigest: row.list_digest ?? undefined,
    createdAtMs: row.created_at,
    updatedAtMs: row.updated_at,
  }
}

export type CheckpointRow = Readonly<{
  number: string
  carrier: string
  checkpoint_key: string
  checkpoint_id: string
  code: string
  status: TrackingStatus
  reason: string
  occurred_local: number
  zone: ZoneKind
  offset_minutes: number | null
  place: string
  text: string
  position: number | null
  is_future: boolean
  received_at: number
}>

export const checkpointColumns = `number, carrier, checkpoint_key, checkpoint_id, code, status, reason, ${ms('occurred_local')}, zone,
  offset_minutes, place, text, position, is_future, ${ms('received_at')}`

export function toCheckpoint(row: CheckpointRow): Checkpoint {
  return {
    key: row.checkpoint_key,
    id: row.checkpoint_id,
    code: row.code,
    status: row.status,
    reason: row.reason,
    localMs: row.occurred_local,
    zone: row.zone,
    offsetMinutes: row.offset_minutes ?? undefined,
    place: row.place,
    text: row.text,
    position: row.position ?? undefined,
    isFuture: row.is_future,
    receivedAtMs: row.received_at,
  }
}
