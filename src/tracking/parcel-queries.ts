import { advisoryLockSpaces } from '../advisory-locks.ts'
import { arrayOf } from '../platform/array-text.ts'
import { notifyingKeys } from '../platform/notified-keys.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip, rowsAsJson, type Statement } from '../platform/round-trip.ts'
import { type Checkpoint, normalizeNumber } from './checkpoint.ts'
import { type Parcel, parcelKey } from './parcel.ts'
import {
  type CheckpointRow,
  checkpointColumns,
  type ParcelRow,
  type ParcelShipment,
  parcelColumns,
  toCheckpoint,
  toParcel,
} from './rows.ts'

/** The SQL of parcels, one function a statement. */

/** Up to so many numbers are locked one by one; more by the locks that all numbers share, so that the server's table of locks has room. */
const lockedSingly = 512
const sharedCount = 256

/**
 * Locks numbers until the transaction ends, in one order everywhere. Whatever writes parcels of a number holds its lock. It may lock some of
 * its numbers again, and no further ones. Orders may be locked before and behind, since nobody waits for them; what is waited for, such as items,
 * behind.
 *
 * Those that lock numbers one by one share the locks that all numbers share, which a transaction about thousands, and an instance of an older
 * version, has to itself.
 */
export function lockingNumbers(numbers: readonly string[]): Statement<undefined> {
  const { parcels, parcelNumbers } = advisoryLockSpaces
  const locking = (lock: string, hash: string) =>
    `select ${lock}, hash) from (select distinct ${hash} as hash from unnest($1::text[]) n (number) order by hash) n`
  const shared = `hashtext(number) & ${sharedCount - 1}`
  const given = arrayOf(numbers, number => number)
  if (numbers.length > lockedSingly) return command(locking('pg_advisory_xact_lock($2', shared), [given, parcels])
  return command(
    `${locking('pg_advisory_xact_lock_shared($2', shared)}
      union all
     ${locking('pg_advisory_xact_lock($3', 'hashtext(number)')}`,
    [given, parcels, parcelNumbers],
  )
}

/**
 * The shipments that are in the parcels of numbers, whose orders are locked.
 *
 * @param locks SQL that locks an order, see `TrackingPart`
 */
export function lockingShipments(
  numbers: readonly string[],
  locks: readonly ((orderUid: string) => string)[],
): Statement<readonly (ParcelShipment & { isLocked: boolean })[]> {
  const locked = ['true', ...locks.map(lock => lock('order_uid'))].join(' and ')
  return rowsAsJson(
    `select order_uid as "orderUid", shipment_id as "shipmentId", number, carrier, is_erased as "isErased", ${locked} as "isLocked"
       from parcel_shipments
      where number = any($1)`,
    [arrayOf(numbers, number => number)],
  )
}

/** The parcels of numbers. */
export function readingParcels(numbers: readonly string[]): Statement<readonly Parcel[]> {
  const rows = rowsAsJson<ParcelRow>(`select ${parcelColumns} from parcels where number = any($1)`, [
    arrayOf(numbers, number => number),
  ])
  return { ...rows, read: answer => rows.read(answer).map(toParcel) }
}

/** The checkpoints of the parcels of numbers, by parcel. */
export function readingCheckpoints(numbers: readonly string[]): Statement<ReadonlyMap<string, readonly Checkpoint[]>> {
  const rows = rowsAsJson<CheckpointRow>(`select ${checkpointColumns} from parcel_checkpoints where number = any($1)`, [
    arrayOf(numbers, number => number),
  ])
  return { ...rows, read: answer => byParcel(rows.read(answer)) }
}

function byParcel(rows: readonly CheckpointRow[]): ReadonlyMap<string, readonly Checkpoint[]> {
  const found = new Map<string, Checkpoint[]>()
  for (const row of rows) {
    const key = parcelKey(row)
    const of = found.get(key)
    if (of === undefined) found.set(key, [toCheckpoint(row)])
    else of.push(toCheckpoint(row))
  }
  return found
}

/** Instances are notified on this channel of parcels that have changed; the message is their numbers, with spaces between them. */
export const parcelsChannel = 'parcels'

/** Notifies every instance, with the commit, of parcels that are shown and have changed. */
export function notifyingParcels(parcels: readonly Parcel[]): Statement<undefined>[] {
  const numbers = parcels.flatMap(({ number, shippedSinceMs }) => (shippedSinceMs === undefined ? [] : number))
  return notifyingKeys(parcelsChannel, numbers)
}

/** Numbers of parcels of which nothing came since a time, those that have waited longest first. */
export async function readSilentNumbers(pool: Pool, sinceMs: number, numbersMax: number): Promise<string[]> {
  const { rows } = await pool.query<{ number: string }>(
    'select number from parcels where waiting_since <= $1 and updated_at <= $1 order by waiting_since limit $2',
    [new Date(sinceMs), numbersMax],
  )
  return [...new Set(rows.map(({ number }) => number))]
}

/** Parcels behind one in the order of their keys; or, of those that wait for news, the newest. */
export async function readParcelsAfter(
  client: PoolClient,
  last: Pick<Parcel, 'number' | 'carrier'> | undefined,
  parcelsMax: number,
  newest: boolean,
): Promise<Parcel[]> {
  const { rows } = newest
    ? await client.query<ParcelRow>(
        `select ${parcelColumns} from parcels p where waiting_since is not null order by p.waiting_since desc limit $1`,
        [parcelsMax],
      )
    : await client.query<ParcelRow>(
        `select ${parcelColumns} from parcels where (number, carrier) > ($1, $2) order by number, carrier limit $3`,
        [last?.number ?? '', last?.carrier ?? '', parcelsMax],
      )
  return rows.map(toParcel)
}

/** Locks the numbers of shipments, as people write them, for a transaction that locks other things between them and its writes. */
export async function lockNumbers(client: PoolClient, numbers: readonly string[]): Promise<void> {
  if (numbers.length > 0) await inOneRoundTrip(client, [lockingNumbers(numbers.map(normalizeNumber))])
}

/** The parcels of a number that shipments have, with their checkpoints: the same two look-ups whether there are any or not. */
export async function readShownParcels(pool: Pool, number: string) {
  const { rows: parcels } = await pool.query<ParcelRow>(
    `select ${parcelColumns} from parcels where number = $1 and shipped_since is not null`,
    [number],
  )
  const { rows: checkpoints } = await pool.query<CheckpointRow>(
    `select ${checkpointColumns} from parcel_checkpoints where number = $1 and carrier = any($2)`,
    [number, parcels.map(({ carrier }) => carrier)],
  )
  return { parcels: parcels.map(toParcel), checkpoints: byParcel(checkpoints) }
}

/** A parcel that a shipment of an order is in. */
export type ShippedParcel = Readonly<{ shipmentId: string; parcel: Parcel }>

/** Which of an order's parcels are read: those of one shipment, or of all, in the order in which their shipments got the numbers. */
export type WantedParcels = Readonly<{ orderUid: string; shipmentId?: string; parcelsMax: number }>

/** The parcels of an order's shipments: of each number the one that its shipment follows. */
export async function readParcelsOf(
  pool: Pool,
  { orderUid, shipmentId, parcelsMax }: WantedParcels,
): Promise<ShippedParcel[]> {
  const { rows } = await pool.query<ParcelRow & { shipment_id: string }>(
    `select s.shipment_id, ${parcelColumns}
       from (select * from parcel_shipments
              where order_uid = $1 and ($2::text is null or shipment_id = $2)
              order by attached_at, shipment_id, number, carrier
              limit $3) s
       join parcels p using (number, carrier)
      order by s.attached_at, s.shipment_id, number, carrier`,
    [orderUid, shipmentId ?? null, parcelsMax],
  )
  return rows.map(row => ({ shipmentId: row.shipment_id, parcel: toParcel(row) }))
}

/** The checkpoints of parcels, by `parcelKey`. */
export async function readCheckpointsOf(
  pool: Pool,
  parcels: readonly Pick<Parcel, 'number' | 'carrier'>[],
): Promise<ReadonlyMap<string, readonly Checkpoint[]>> {
  if (parcels.length === 0) return new Map()
  const { text, values = [], read } = readingCheckpoints([...new Set(parcels.map(({ number }) => number))])
  return read((await pool.query(text, [...values])) as Parameters<typeof read>[0])
}
