import { type Copy, copyOf } from '../platform/copy.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { cartIdOfOrder } from './cart.ts'
import { hasEnded } from './decided.ts'

/** What customers have ordered of items that limit them (`max_per_customer`): never more than an item allows, whatever happens at once. */

/** An order that a limited item is in. */
export type LimitedUnits = Readonly<{
  orderUid: string
  /** As `customerKey` makes it. */
  customer: string
  chrtId: number
  units: number
  /** How many units the customer may have in all orders that are not cancelled or expired. */
  most: number
}>

/** A customer (`customerKey`) and an item, as one key. */
export const unitsKey = ({ customer, chrtId }: Pick<LimitedUnits, 'customer' | 'chrtId'>) => `${customer} ${chrtId}`

/**
 * Reads how many units customers have ordered of items. It is certain while the transaction holds the locks of the pairs.
 *
 * @param customers as `customerKey` makes them
 * @returns the units by `unitsKey`; a pair that is missing has none
 */
export async function findUnits(
  client: PoolClient,
  customers: readonly string[],
  chrtIds: readonly number[],
): Promise<ReadonlyMap<string, number>> {
  if (customers.length === 0 || chrtIds.length === 0) return new Map()
  const { rows } = await client.query<{ customer: string; chrt_id: string; units: string }>(
    `select customer, chrt_id, sum(units) as units
       from customer_units
      where customer = any($1) and chrt_id = any($2)
      group by customer, chrt_id`,
    [customers, chrtIds],
  )
  return new Map(
    rows.map(({ customer, chrt_id: chrtId, units }) => [unitsKey({ customer, chrtId: Number(chrtId) }), Number(units)]),
  )
}

/**
 * Decides which orders have more of an item than is left to their customers. Pure.
 *
 * @param wanted in the order in which they came; an order may have several items
 * @param counts what was ordered before, by `unitsKey`
 * @returns the uids of those that have too much
 */
export function decideUnits(wanted: readonly LimitedUnits[], counts: ReadonlyMap<string, number>): Set<string> {
  const ordered = new Map(counts)
  const refused = new Set<string>()
  for (const [orderUid, all] of Map.groupBy(wanted, one => one.orderUid)) {
    const left = (one: LimitedUnits) => one.most - (ordered.get(unitsKey(one)) ?? 0)
    if (all.some(one => one.units > left(one))) refused.add(orderUid)
    else for (const one of all) ordered.set(unitsKey(one), (ordered.get(unitsKey(one)) ?? 0) + one.units)
  }
  return refused
}

/** The rows of orders that are placed. */
export function copyOfUnits(units: readonly LimitedUnits[]): Copy {
  return copyOf('customer_units', 'order_uid, chrt_id, customer, units', units, (one, writer) => {
    writer.row(4)
    writer.text(one.orderUid)
    writer.bigint(one.chrtId)
    writer.text(one.customer)
    writer.bigint(one.units)
  })
}

/** Lets customers order again what was in orders that are cancelled or expire. Only orders that were carts cost a statement. */
export const returnedUnits: StatusChangePart = {
  async onStatusChanged(client, changes) {
    const orderUids = changes.flatMap(({ order: { orderUid, state } }) =>
      hasEnded(state) && cartIdOfOrder(orderUid) !== undefined ? orderUid : [],
    )
    if (orderUids.length > 0) await client.query('delete from customer_units where order_uid = any($1)', [orderUids])
  },
  concernsConfirmation: () => false,
}
