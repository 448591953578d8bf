import type { PoolClient } from '../platform/postgres.ts'

/** Which of some orders have a payment under way: one that may still bring money, or holds some that is not captured yet. */
export async function findUnderPayment(client: PoolClient, orderUids: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ order_uid: string }>(
    `select distinct order_uid
       from payments
      where order_uid = any($1) and state in ('requires_action', 'processing', 'authorized')`,
    [orderUids],
  )
  return rows.map(row => row.order_uid)
}
