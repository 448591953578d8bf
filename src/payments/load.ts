import type { LockedOrder } from '../orders/order-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import { type IssueResolution, issueKey, type OrderPayments } from './changes.ts'
import { presentedPayments } from './paid-orders.ts'
import type { RememberedPayments, StoredPayments } from './remembered.ts'
import { toResolution, type ResolutionRow } from './issue-queries.ts'
import {
  disputeColumns,
  type DisputeRow,
  issueColumns,
  operationColumns,
  type OperationRow,
  paymentColumns,
  type PaymentRow,
  toDispute,
  toOperation,
  toPayment,
} from './rows.ts'
import type { IssueKind } from './views.ts'

/** Loads locked orders with all of their payments. @returns in the order of the orders */
export async function loadPayments(client: PoolClient, orders: readonly LockedOrder[]): Promise<OrderPayments[]> {
  const [stamps] = await inOneRoundTrip(client, [readStamps(orders.map(({ orderUid }) => orderUid))])
  return withPayments(client, orders, stamps)
}

/** The statement that reads the stamps of the orders that have payments, for a transaction that sends it with others. */
export function readStamps(orderUids: readonly string[]): Statement<ReadonlyMap<string, number>> {
  return {
    text: 'select order_uid, stamp::float8 as stamp from payment_totals where order_uid = any($1)',
    values: [orderUids],
    read: ({ rows }: { rows: readonly { order_uid: string; stamp: number }[] }) =>
      new Map(rows.map(row => [row.order_uid, row.stamp])),
  }
}

/**
 * Adds to locked orders what is stored of their payments, and the payments that orders arrived with.
 *
 * @param stamps those that the orders have under the lock
 * @param remembered what need not be loaded
 * @returns in the order of the orders
 */
export async function withPayments(
  client: PoolClient,
  orders: readonly LockedOrder[],
  stamps: ReadonlyMap<string, number>,
  remembered?: RememberedPayments,
): Promise<OrderPayments[]> {
  const known = new Map<string, StoredPayments>()
  for (const [orderUid, stamp] of stamps) {
    const own = remembered?.take(orderUid, stamp)
    if (own !== undefined) known.set(orderUid, own)
  }
  const loaded = await loadStored(
    client,
    orders.flatMap(({ orderUid }) => (stamps.has(orderUid) && !known.has(orderUid) ? orderUid : [])),
  )
  const paidOutside = await presentedPayments(
    client,
    orders.filter(order => !stamps.has(order.orderUid)),
  )
  return orders.map(order => {
    const own = known.get(order.orderUid) ?? loaded.get(order.orderUid)
    // What is remembered may have the order of then.
    if (own !== undefined) return { ...own, order, isStored: true }
    const { payment, isInBooks = false } = paidOutside.get(order.orderUid) ?? {}
    return { order, ...nothing, payments: payment === undefined ? [] : [payment], isSold: isInBooks, isStored: false }
  })
}

async function loadStored(
  client: PoolClient,
  orderUids: readonly string[],
): Promise<ReadonlyMap<string, StoredPayments>> {
  if (orderUids.length === 0) return new Map()
  const { rows } = await client.query<StoredRow>(select, [orderUids])
  return new Map(rows.map(row => [row.order_uid, toStored(row)]))
}

const nothing = { operations: [], disputes: [], issues: new Map() } as const

/** Every order that has payments has totals. Their rows come as JSON: the driver takes longer for each value of a row. */
const rowsOf = (columns: string, table: string, order: string) =>
  `(select json_agg(r) from (select ${columns} from ${table} where order_uid = t.order_uid order by ${order}) r)`
const select = `
  select order_uid, is_sold,
         ${rowsOf(paymentColumns, 'payments', 'created_at, payment_id')} as payments,
         ${rowsOf(operationColumns, 'payment_operations', 'requested_at, operation_id')} as operations,
         ${rowsOf(disputeColumns, 'payment_disputes', 'dispute_ref')} as disputes,
         ${rowsOf(issueColumns, 'payment_issues', 'issue_id')} as issues
    from payment_totals t
   where order_uid = any($1)`

type IssueRow = Omit<ResolutionRow, 'resolved_at'> & { kind: IssueKind; subject: string; resolved_at: number | null }

/** A list of no rows is null. */
type StoredRow = Readonly<{
  order_uid: string
  is_sold: boolean
  payments: readonly PaymentRow[] | null
  operations: readonly OperationRow[] | null
  disputes: readonly DisputeRow[] | null
  issues: readonly IssueRow[] | null
}>

function toStored({ is_sold: isSold, payments, operations, disputes, issues }: StoredRow): StoredPayments {
  return {
    isSold,
    payments: (payments ?? []).map(toPayment),
    operations: (operations ?? []).map(toOperation),
    disputes: (disputes ?? []).map(toDispute),
    issues: new Map((issues ?? []).map(row => [issueKey(row), resolutionOf(row)])),
  }
}

function resolutionOf({ resolved_at: atMs, ...row }: IssueRow): IssueResolution | undefined {
  return toResolution({ ...row, resolved_at: atMs === null ? null : new Date(atMs) })
}
