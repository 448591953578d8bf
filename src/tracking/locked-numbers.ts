import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Parcel } from './parcel.ts'
import { lockingNumbers, lockingShipments, readingCheckpoints, readingParcels } from './parcel-queries.ts'
import type { ParcelShipment } from './rows.ts'
import type { TrackingPart } from './tracking-part.ts'

/** What is stored of numbers that a transaction has locked. */
export type LockedNumbers = Readonly<{
  parcelsOf: ReadonlyMap<string, readonly Parcel[]>
  shipmentsOf: ReadonlyMap<string, readonly ParcelShipment[]>
  /** Whether no other transaction has an order in one of the number's parcels. */
  isFree: (number: string) => boolean
}>

/** Begins a transaction, locks numbers and the orders that are in their parcels, and reads the parcels: in one round trip. */
export async function beginWithNumbers(
  client: PoolClient,
  numbers: readonly string[],
  parts: readonly TrackingPart[],
): Promise<LockedNumbers> {
  const locks = parts.map(part => (orderUid: string) => part.lockOrder(orderUid))
  const [, , parcels, shipments] = await inOneRoundTrip(client, [
    command('begin isolation level read committed'),
    lockingNumbers(numbers),
    readingParcels(numbers),
    lockingShipments(numbers, locks),
  ])
  const shipmentsOf = Map.groupBy(shipments, ({ number }) => number)
  return {
    parcelsOf: Map.groupBy(parcels, ({ number }) => number),
    shipmentsOf,
    isFree: number => (shipmentsOf.get(number) ?? []).every(({ isLocked }) => isLocked),
  }
}

/** Locks numbers in a transaction, and reads their parcels. */
export async function lockParcels(
  client: PoolClient,
  numbers: readonly string[],
): Promise<ReadonlyMap<string, readonly Parcel[]>> {
  const [, parcels] = await inOneRoundTrip(client, [lockingNumbers(numbers), readingParcels(numbers)])
  return Map.groupBy(parcels, ({ number }) => number)
}

/** The checkpoints of parcels, by number and carrier; none is asked for of those that have none. */
export async function readCheckpoints(
  client: PoolClient,
  parcels: readonly Parcel[],
): Promise<ReadonlyMap<string, readonly Checkpoint[]>> {
  const numbers = new Set(parcels.flatMap(({ number, checkpoints }) => (checkpoints > 0 ? number : [])))
  if (numbers.size === 0) return new Map()
  const [checkpoints] = await inOneRoundTrip(client, [readingCheckpoints([...numbers])])
  return checkpoints
}
