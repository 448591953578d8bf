import type { PoolClient } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Parcel } from './parcel.ts'
import { lockingNumbers, readingCheckpoints, readingParcels, readingShipments } from './parcel-queries.ts'
import type { ParcelShipment } from './rows.ts'
import type { TrackingPart } from './tracking-part.ts'

/** What is stored of numbers that a transaction has locked. */
export type LockedNumbers = Readonly<{
  parcelsOf: ReadonlyMap<string, readonly Parcel[]>
  shipmentsOf: ReadonlyMap<string, readonly ParcelShipment[]>
  /** Whether no other transaction has an order in one of the number's parcels. */
  isFree: (number: string) => boolean
}>

/**
 * Begins a transaction, locks the orders whose parcels are reported and then the numbers, as everywhere, and reads their parcels: in two
 * round trips.
 */
export async function beginWithNumbers(
  client: PoolClient,
  numbers: readonly string[],
  parts: readonly TrackingPart[],
): Promise<LockedNumbers> {
  const [, before] = await inOneRoundTrip(client, [
    command('begin isolation level read committed'),
    readingShipments(numbers),
  ])
  const orderUids = [...new Set(before.map(({ orderUid }) => orderUid))].toSorted()
  const locks = orderUids.length === 0 ? [] : parts.map(part => part.lockingOrders(orderUids))
  const reads = [lockingNumbers(numbers), readingParcels(numbers), readingShipments(numbers)] as const
  const answers = await inOneRoundTrip(client, [...locks, ...reads])
  const locked = new Set(orderUids)
  for (const busy of answers.slice(0, locks.length) as (readonly string[])[])
    for (const orderUid of busy) locked.delete(orderUid)
  const [parcels, shipments] = answers.slice(-2) as [readonly Parcel[], readonly ParcelShipment[]]
  const shipmentsOf = Map.groupBy(shipments, ({ number }) => number)
  return {
    parcelsOf: Map.groupBy(parcels, ({ number }) => number),
    shipmentsOf,
    // A shipment may have got the number before it was locked.
    isFree: number => (shipmentsOf.get(number) ?? []).every(({ orderUid }) => locked.has(orderUid)),
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
