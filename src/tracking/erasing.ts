import type { ErasePart } from '../erase-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { erasedText, normalizeNumber, numberForm } from './checkpoint.ts'
import { lockingNumbers } from './parcel-queries.ts'

/**
 * Erases the carriers' words of an order's parcels, which may name who signed for them. Times, places and codes stay, and so do the keys: a
 * report that repeats a checkpoint does not bring its words back. Of checkpoints that come later none are kept: the parcel remembers.
 */
export const eraseWords: NonNullable<ErasePart['ofOrders']> = async (client, orderUids) => {
  const { rows } = await client.query<{ number: string }>(
    'select distinct number from parcel_shipments where order_uid = any($1)',
    [orderUids],
  )
  // A report that is being stored has looked already whether its words are kept: it goes first, and the next one looks behind the commit.
  if (rows.length > 0) await inOneRoundTrip(client, [lockingNumbers(rows.map(({ number }) => number))])
  await eraseLockedWords(client, orderUids)
}

/** The same for orders whose numbers are locked, as far as something is new of them. */
export async function eraseLockedWords(client: PoolClient, orderUids: readonly string[]): Promise<void> {
  await client.query(
    `update parcel_checkpoints c
        set text = $2
       from parcel_shipments s
      where s.order_uid = any($1) and c.number = s.number and c.carrier = s.carrier and c.text not in ('', $2)`,
    [orderUids, erasedText],
  )
  await client.query('update parcel_shipments set is_erased = true where order_uid = any($1) and not is_erased', [
    orderUids,
  ])
}

/** The orders whose parcels have numbers, however these are written. */
export const ordersOfNumbers: NonNullable<ErasePart['ordersNamedBy']> = async (client, words) => {
  const numbers = new Map(words.map(word => [word, normalizeNumber(word)] as const))
  const wanted = [...new Set(numbers.values())].filter(number => numberForm.test(number))
  if (wanted.length === 0) return new Map()
  const { rows } = await client.query<{ number: string; order_uid: string }>(
    'select number, order_uid from parcel_shipments where number = any($1)',
    [wanted],
  )
  const found = Map.groupBy(rows, ({ number }) => number)
  return new Map([...numbers].map(([word, number]) => [word, (found.get(number) ?? []).map(row => row.order_uid)]))
}
