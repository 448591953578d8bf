import type { CartsApi } from '../carts/api.ts'
import { cartTokenPrefix } from '../carts/cart.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import type { Call, Route } from '../platform/http.ts'
import type { Pool } from '../platform/postgres.ts'
import { findLinkable, revokeLink } from './link-queries.ts'
import { operations } from './operations.ts'
import { readRevocation } from './requests.ts'
import { noSuchPage } from './routes-track.ts'
import type { TrackedOrders } from './tracked-orders.ts'
import type { TrackingLink } from './views.ts'

type Options = Readonly<{
  pool: Pool
  orders: TrackedOrders
  openOrder: CartsApi['openOrder']
  /** Milliseconds since 1970 by the clock of the database. */
  now: () => number
  /** Called when a link was revoked, before the sender knows. */
  onRevoked: (orderUid: string) => void
}>

/** Links to tracking pages: for operators, and for the buyer of an order that was a cart. */
export function linkRoutes(options: Options): Route[] {
  const path = '/api/orders/:id/tracking-link'
  return [
    {
      ...{ method: 'GET', path, scope: 'orders:read', operation: operations.link },
      handle: async call => show(await orderOf(call, options), options),
    },
    {
      ...{ method: 'POST', path: `${path}/revoke`, scope: 'deliveries:write', idempotent: true },
      operation: operations.revoke,
      handle: call => revoke(call, options),
    },
    {
      ...{ method: 'GET', path: '/api/carts/:id/order/tracking-link', scope: 'carts:write' },
      ...{ tokenPrefix: cartTokenPrefix, operation: operations.linkOfCart },
      handle: async call => show(await options.openOrder(call), options),
    },
  ]
}

/** @throws AppError ORDER_NOT_FOUND */
async function orderOf({ params: { id = '' } }: Call, { pool }: Options): Promise<string> {
  if (!orderUidForm.test(id) || (await findLinkable(pool, id)) === undefined) throw notFound(id)
  return id
}

/** @throws AppError TRACKING_PAGE_NOT_FOUND when the order has no page any more */
async function show(orderUid: string, { orders }: Options): Promise<Response> {
  const token = await orders.linkOf(orderUid)
  if (token === undefined) throw noSuchPage()
  const link: TrackingLink = { token, path: `/track/${token}` }
  return Response.json(link, { headers: { 'cache-control': 'no-store' } })
}

async function revoke(call: Call, options: Options): Promise<Response> {
  const { reason = '', actor = 'api' } = await readRevocation(call.request)
  const orderUid = await orderOf(call, options)
  await revokeLink(options.pool, { orderUid, reason, actor, nowMs: options.now() })
  options.onRevoked(orderUid)
  return show(orderUid, options)
}
