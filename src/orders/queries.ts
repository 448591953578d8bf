import type { QueryConfig } from 'pg'
import { joinObjects } from '../events/event-rows.ts'
import { type Copy, copyOf } from '../platform/copy.ts'
import { type Pool, type PoolClient, violatedKey } from '../platform/postgres.ts'
import type { RowWriter } from '../platform/row-writer.ts'
import { checksumOf } from './document-check.ts'
import { branchesOf, byStatus } from './list-branches.ts'
import { walkList } from './list-walk.ts'
import { type OrderState, stateJson } from './order.ts'
import type { OrderLine, ValidOrder } from './validate.ts'

/** Instances are told on this channel, by version and uid, that an order was changed; a trigger does it. */
export const orderChangedChannel = 'order_changed'

/** An order that is about to be written for the first time. */
export type NewOrder = {
  order: ValidOrder
  state: OrderState
  placedAt: Date
  /** Why it is put on hold with its placement, and by whom; absent for nearly every order. */
  hold?: { reason: string; actor: string }
}

/** An order as it is stored. */
export type StoredOrder = {
  orderUid: string
  version: number
  /** The document as it was sent: a JSON object. */
  document: string
  state: OrderState
  updatedAt: Date
}

/** An order as it is stored, and whose it is. */
export type PlacedOrder = StoredOrder & { customerId: string }

/** The order as one JSON object: the document, and behind its last field what the service adds. */
export function jsonOf({ document, state, version, updatedAt }: StoredOrder): string {
  const added = joinObjects(stateJson(state), `{"version":${version},"updated_at":"${updatedAt.toISOString()}"}`)
  return joinObjects(document, added)
}

type OrderRow = {
  order_uid: string
  document: string
  status: OrderState['status']
  payment_status: OrderState['paymentStatus']
  delivery_status: OrderState['deliveryStatus']
  version: number
  updated_at: Date
}

/**
 * The orders that are stored under these uids, by uid; those that are not stored are left out. Each uid is looked up by itself:
 * given a list, the planner may rather read a whole table of which it knows little.
 */
export async function findStored(
  client: Pool | PoolClient,
  orderUids: readonly string[],
): Promise<Map<string, StoredOrder>> {
  const { rows } = await client.query<OrderRow>(
    `select o.order_uid, o.document, o.status, o.payment_status, o.delivery_status, o.version, o.updated_at
       from unnest($1::text[]) as wanted (order_uid)
      cross join lateral (select * from orders where order_uid = wanted.order_uid limit 1) o`,
    [orderUids],
  )
  return new Map(rows.map(row => [row.order_uid, present(row)]))
}

/** The key of `orders`; where the table is distributed, with the number of a shard behind it. */
const orderKey = /^orders_pkey(_\d+)?$/

/** Whether an error says that one of the orders that were written is stored already. Other keys say nothing of that. */
export function saysOrderIsStored(error: unknown): boolean {
  return orderKey.test(violatedKey(error) ?? '')
}

/** The rows of new orders and of their items. Writing them fails when one of the orders is stored already. */
export function copiesOfOrders(orders: readonly NewOrder[]): Copy[] {
  return [
    copyOf(
      'orders',
      `order_uid, customer_id, track_number, currency, amount, created_at, status, payment_status, delivery_status, version,
       updated_at, document, document_crc32`,
      orders,
      writeOrder,
    ),
    copyOf('order_items', 'order_uid, line, chrt_id, nm_id, price, sale, total_price', orders, writeLines),
  ]
}

function writeOrder({ order, state, placedAt, hold }: NewOrder, writer: RowWriter): void {
  writer.row(13)
  writer.text(order.orderUid)
  writer.text(order.customerId)
  writer.text(order.trackNumber)
  writer.text(order.currency)
  writer.bigint(order.amount)
  writer.timestamp(order.createdAtMs)
  writer.text(state.status)
  writer.text(state.paymentStatus)
  writer.text(state.deliveryStatus)
  writer.integer(versionWith(hold))
  writer.timestamp(placedAt.getTime())
  writer.text(order.json)
  writer.integer(checksumOf(order.json))
}

function writeLines({ order }: NewOrder, writer: RowWriter): void {
  const { orderUid, lines } = order
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] as OrderLine
    writer.row(7)
    writer.text(orderUid)
    writer.integer(index)
    writer.bigint(line.chrtId)
    writer.bigint(line.nmId)
    writer.bigint(line.price)
    writer.smallint(line.sale)
    writer.bigint(line.totalPrice)
  }
}

/** One row by its key takes no longer, unless the database hangs, and somebody waits for it. */
const findDeadlineMs = 5_000

/** The order under a uid, or undefined. */
export async function findOrder(client: Pool | PoolClient, orderUid: string): Promise<StoredOrder | undefined> {
  const find: QueryConfig & { query_timeout: number } = {
    text: `select order_uid, document, status, payment_status, delivery_status, version, updated_at
             from orders
            where order_uid = $1`,
    values: [orderUid],
    query_timeout: findDeadlineMs,
  }
  const { rows } = await client.query<OrderRow>(find)
  return rows[0] === undefined ? undefined : present(rows[0])
}

/** A new order as it will be stored. */
export function toStored({ order, state, placedAt, hold }: NewOrder): PlacedOrder {
  const { orderUid, customerId, json: document } = order
  return { orderUid, customerId, version: versionWith(hold), document, state, updatedAt: placedAt }
}

/** Putting an order on hold is a change of its own: the second version, and the second event. */
function versionWith(hold: NewOrder['hold']): number {
  return hold === undefined ? 1 : 2
}

function present({ order_uid: orderUid, document, version, updated_at: updatedAt, ...row }: OrderRow): StoredOrder {
  const state = { status: row.status, paymentStatus: row.payment_status, deliveryStatus: row.delivery_status }
  return { orderUid, version, document, state, updatedAt }
}

/** What a list of orders is narrowed to; every condition given must hold. */
export type OrderFilter = Partial<{
  statuses: readonly OrderState['status'][]
  paymentStatuses: readonly OrderState['paymentStatus'][]
  deliveryStatuses: readonly OrderState['deliveryStatus'][]
  customerId: string
  trackNumber: string
  /** Created at or after. */
  fromMs: number
  /** Created before. */
  toMs: number
  /** An order's uid, its tracking number or its customer, whole. */
  search: string
}>

/** A page ends with the order that goes beyond so many bytes: a document may have a megabyte. */
const pageBytesMax = 4 * 1024 * 1024

/** The order of a list, by the time at which orders were made. */
export const listOrderings = ['newest', 'oldest'] as const
export type ListOrdering = (typeof listOrderings)[number]

/** A place in a list: the last order that was handed out. */
export type ListPlace = { createdAtMs: number; orderUid: string }

export type Page = {
  orders: StoredOrder[] /** Where the next page begins; undefined behind the last. */
  next?: ListPlace
}

/**
 * A page of orders, newest first unless told otherwise. It may hold fewer than asked for and still have a next one, since it is bounded by bytes.
 *
 * Each way of finding orders (`branches`) walks one index in the order of the list and stops after a page, so a page costs
 * the same at any depth; documents are fetched only for the orders of the page. Where more is asked for than an index serves, so
 * many orders are looked at: a page may then be empty and still have a next one.
 *
 * @param after undefined for the first page
 * @param limit the most orders of the page
 * @param bytesMax the page ends with the order that goes beyond so many bytes of documents
 */
export async function listOrders(
  pool: Pool,
  filter: OrderFilter,
  after: ListPlace | undefined,
  limit: number,
  ordering: ListOrdering = 'newest',
  bytesMax: number = pageBytesMax,
): Promise<Page> {
  const [direction, behind] = ordering === 'newest' ? (['desc', '<'] as const) : (['asc', '>'] as const)
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const conditions = ['true']
  const bounds = boundsOf(filter, after, ordering)
  if (bounds.after !== undefined) {
    // As a date: the driver also writes the years 0 and 10000, which RFC 3339 does not have.
    const instant = value(new Date(bounds.after.createdAtMs))
    conditions.push(`(o.created_at, o.order_uid) ${behind} (${instant}::timestamptz, ${value(bounds.after.orderUid)})`)
  }
  if (bounds.fromMs !== undefined) conditions.push(`o.created_at >= ${value(new Date(bounds.fromMs))}`)
  if (bounds.toMs !== undefined) conditions.push(`o.created_at < ${value(new Date(bounds.toMs))}`)
  const within = conditions.join('\n         and ')
  const pageOf = (where: string) =>
    `(select o.created_at, o.order_uid
        from orders o
       where ${where}
         and ${within}
       order by o.created_at ${direction}, o.order_uid ${direction}
       limit ${limit + 1})`
  const [branches, rest] = branchesOf(filter, value)
  if (branches.length > 0 && rest.length > 0) {
    const walk = { branches, condition: rest.join(' and '), bounds: within, direction, values, limit }
    const { keys, walkedTo } = await walkList(pool, walk)
    const uids = keys.map(({ orderUid }) => orderUid)
    const page = await fetchPage(
      pool,
      'select o.created_at, o.order_uid from unnest($1::text[]) w (order_uid) join orders o using (order_uid)',
      [uids],
      direction,
      { limit, bytesMax },
    )
    return page.next === undefined && walkedTo !== undefined ? { ...page, next: walkedTo } : page
  }
  const keys = branches.length > 0 ? branches.map(pageOf).join('\n union all\n') : byStatus(filter, value, pageOf)
  return fetchPage(pool, keys, values, direction, { limit, bytesMax })
}

/** A page of the orders that a query of their keys finds: at most so many, and as many as fit a page's bytes. */
async function fetchPage(
  pool: Pool,
  keys: string,
  values: unknown[],
  direction: 'asc' | 'desc',
  { limit, bytesMax }: { limit: number; bytesMax: number },
): Promise<Page> {
  const { rows } = await pool.query<OrderRow & { created_at: Date; found: number }>(
    `select *
       from (select o.order_uid, o.document, o.status, o.payment_status, o.delivery_status, o.version, o.updated_at,
                    o.created_at, count(*) over ()::int as found,
                    sum(octet_length(o.document)) over (order by o.created_at ${direction}, o.order_uid ${direction})
                      - octet_length(o.document) as bytes_before
               from (select distinct created_at, order_uid
                       from (${keys}) branches
                      order by created_at ${direction}, order_uid ${direction}
                      limit ${limit + 1}) page
               join orders o using (order_uid)) page
      where bytes_before < ${bytesMax}
      order by created_at ${direction}, order_uid ${direction}`,
    values,
  )
  const onPage = rows.slice(0, limit)
  const last = (rows[0]?.found ?? 0) > onPage.length ? onPage.at(-1) : undefined
  return {
    orders: onPage.map(present),
    ...(last === undefined ? {} : { next: { createdAtMs: last.created_at.getTime(), orderUid: last.order_uid } }),
  }
}

/**
 * Where a page begins is said once: by the place or by the filter, whichever is further on. Told of both, the server begins at
 * the place and goes through all that the filter leaves out: up to 29 ms instead of 2 in a million orders.
 */
function boundsOf({ fromMs, toMs }: OrderFilter, after: ListPlace | undefined, ordering: ListOrdering) {
  if (after === undefined) return { fromMs, toMs }
  const { createdAtMs } = after
  if (ordering === 'newest') return toMs !== undefined && toMs <= createdAtMs ? { fromMs, toMs } : { fromMs, after }
  return fromMs !== undefined && fromMs > createdAtMs ? { fromMs, toMs } : { toMs, after }
}
