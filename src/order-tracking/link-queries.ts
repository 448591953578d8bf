import { trackedOrders, unitCountOf } from '../orders/order-sql.ts'
import type { OrderState } from '../orders/order.ts'
import { notifyingKeys } from '../platform/notified-keys.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import { inMilliseconds as ms } from '../platform/table.ts'

/** The SQL of links to tracking pages, one function a statement. */

/** Instances are notified on this channel of orders whose links were revoked. */
export const linksChannel = 'tracking_links'

/** An order as its tracking page needs it. Times are in milliseconds since 1970. */
export type LinkableOrder = Readonly<
  Pick<OrderState, 'status' | 'deliveryStatus'> & {
    orderUid: string
    createdAtMs: number
    updatedAtMs: number
    /** Its recipient was erased. */
    isErased: boolean
    /** Which of its links is valid. */
    revision: number
  }
>

type Row = {
  status: OrderState['status']
  delivery_status: OrderState['deliveryStatus']
  created_at: number
  updated_at: number
  is_erased: boolean
  revision: number
}

/** Reads an order with what is known of its links: one look-up, whether there is such an order or not. */
export async function findLinkable(pool: Pool, orderUid: string): Promise<LinkableOrder | undefined> {
  const { rows } = await pool.query<Row>(
    `select o.status, o.delivery_status, ${ms('created_at')}, ${ms('updated_at')}, o.is_erased,
            coalesce(l.revision, 0) as revision
       from ${trackedOrders} o
       left join tracking_links l using (order_uid)
      where order_uid = $1`,
    [orderUid],
  )
  const [row] = rows
  if (row === undefined) return undefined
  const { status, revision } = row
  return {
    ...{ orderUid, status, deliveryStatus: row.delivery_status, revision, isErased: row.is_erased },
    ...{ createdAtMs: row.created_at, updatedAtMs: row.updated_at },
  }
}

/** How many units an order has. */
export async function countUnits(pool: Pool, orderUid: string): Promise<number> {
  const { rows } = await pool.query<{ units: number }>(`select ${unitCountOf('$1')} as units`, [orderUid])
  return rows[0]?.units ?? 0
}

/** Revokes an order's link. @returns the revision of the one that is valid from now on */
export async function revokeLink(
  pool: Pool,
  { orderUid, reason, actor, nowMs }: Readonly<{ orderUid: string; reason: string; actor: string; nowMs: number }>,
): Promise<number> {
  const revoking: Statement<number> = {
    text: `insert into tracking_links (order_uid, revision, reason, actor, revoked_at)
           values ($1, 1, $2, $3, $4)
               on conflict (order_uid) do update
              set revision = tracking_links.revision + 1, reason = excluded.reason, actor = excluded.actor, revoked_at = excluded.revoked_at
        returning revision`,
    values: [orderUid, reason, actor, new Date(nowMs)],
    read: ({ rows }: { rows: readonly { revision: number }[] }) => rows[0]?.revision ?? 0,
  }
  const statements = [revoking, ...notifyingKeys(linksChannel, [orderUid])] as const
  const [revision] = await withConnection(pool, client => inOneRoundTrip(client, statements))
  return revision
}

/** The secret that links are made with. @throws Error when it is not there */
export async function readLinkSecret(pool: Pool): Promise<Uint8Array> {
  const { rows } = await pool.query<{ secret: Buffer }>('select secret from tracking_link_secret')
  if (rows[0] === undefined) throw new Error('the secret of the links to tracking pages is not there')
  return rows[0].secret
}
