import type { Pool, PoolClient } from '../platform/postgres.ts'

/** The payment that an order arrived with, as its document tells it. */
export type PaidArrival = Readonly<{
  orderUid: string
  currency: string
  /** More than 0, in the currency's minor unit. */
  amount: number
  provider: string
  /** Identifies it at the provider. */
  transaction: string
  /** When it was made, in milliseconds since 1970, and within the years that RFC 3339 has. */
  paidAtMs: number
}>

/** The last millisecond of the year 9999: `payment_dt` has no upper bound. */
const lastMs = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/**
 * Finds the payments that orders arrived with.
 *
 * @returns by uid; orders that are not stored, arrived unpaid or have nothing to be paid are left out
 */
export async function findPaidArrivals(
  client: Pool | PoolClient,
  orderUids: readonly string[],
): Promise<Map<string, PaidArrival>> {
  const { rows } = await client.query<{
    order_uid: string
    currency: string
    amount: string
    provider: string | null
    transaction: string | null
    payment_dt: string
  }>(
    `select o.order_uid, o.currency, o.amount, p.provider, p.transaction, p.payment_dt
       from orders o
      cross join lateral json_to_record(o.document::json -> 'payment')
                      as p (provider text, transaction text, payment_dt numeric)
      where o.order_uid = any($1) and o.amount > 0 and p.payment_dt > 0`,
    [orderUids],
  )
  return new Map(
    rows.map(({ order_uid: orderUid, currency, amount, provider, transaction, payment_dt }) => {
      const paidAtMs = Math.min(Number(payment_dt) * 1000, lastMs)
      const names = { provider: provider ?? '', transaction: transaction ?? '' }
      return [orderUid, { orderUid, currency, amount: Number(amount), ...names, paidAtMs }]
    }),
  )
}
