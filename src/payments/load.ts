import type { LockedOrder } from '../orders/order-locks.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { type IssueResolution, issueKey, type OrderPayments, type StoredDispute } from './changes.ts'
import { presentedPayments } from './paid-orders.ts'
import type { Operation, Payment } from './payment.ts'
import { toResolution, type ResolutionRow } from './issue-queries.ts'
import {
  disputeColumns,
  type DisputeRow,
  operationColumns,
  type OperationRow,
  paymentColumns,
  type PaymentRow,
  toDispute,
  toOperation,
  toPayment,
} from './rows.ts'
import type { IssueKind } from './views.ts'

/**
 * Loads locked orders with all of their payments, a statement for each table. Most orders have no payment yet: their totals say so.
 *
 * @returns in the order of the orders
 */
export async function loadPayments(client: PoolClient, orders: readonly LockedOrder[]): Promise<OrderPayments[]> {
  const uids = orders.map(({ orderUid }) => orderUid)
  const totals = await client.query<{ order_uid: string; is_sold: boolean }>(
    'select order_uid, is_sold from payment_totals where order_uid = any($1)',
    [uids],
  )
  const isSold = new Map(totals.rows.map(row => [row.order_uid, row.is_sold]))
  const known = [...isSold.keys()]
  const parts = known.length === 0 ? noParts : await loadParts(client, known)
  const paidOutside = await presentedPayments(
    client,
    orders.filter(order => !isSold.has(order.orderUid)),
  )
  return orders.map(order => {
    const { orderUid } = order
    const presented = paidOutside.get(orderUid)
    return {
      order,
      payments: presented === undefined ? (parts.payments.get(orderUid) ?? []) : [presented.payment],
      operations: parts.operations.get(orderUid) ?? [],
      isSold: isSold.get(orderUid) ?? presented?.isInBooks ?? false,
      disputes: parts.disputes.get(orderUid) ?? [],
      issues: parts.issues.get(orderUid) ?? noIssues,
      isStored: isSold.has(orderUid),
    }
  })
}

type Parts = Readonly<{
  payments: ReadonlyMap<string, readonly Payment[]>
  operations: ReadonlyMap<string, readonly Operation[]>
  disputes: ReadonlyMap<string, readonly StoredDispute[]>
  issues: ReadonlyMap<string, ReadonlyMap<string, IssueResolution | undefined>>
}>

const noIssues: OrderPayments['issues'] = new Map()
const noParts: Parts = { payments: new Map(), operations: new Map(), disputes: new Map(), issues: new Map() }

async function loadParts(client: PoolClient, orderUids: readonly string[]): Promise<Parts> {
  const ofOrders = 'where order_uid = any($1)'
  const payments = await client.query<PaymentRow>(
    `select ${paymentColumns} from payments ${ofOrders} order by created_at, payment_id`,
    [orderUids],
  )
  const operations = await client.query<OperationRow>(
    `select ${operationColumns} from payment_operations ${ofOrders} order by requested_at, operation_id`,
    [orderUids],
  )
  const disputes = await client.query<DisputeRow>(
    `select ${disputeColumns} from payment_disputes ${ofOrders} order by dispute_ref`,
    [orderUids],
  )
  const issues = await client.query<ResolutionRow & { order_uid: string; kind: IssueKind; subject: string }>(
    `select order_uid, kind, subject, action, reason, actor, resolved_at from payment_issues ${ofOrders}`,
    [orderUids],
  )
  return {
    payments: byOrder(payments.rows, toPayment),
    operations: byOrder(operations.rows, toOperation),
    disputes: byOrder(disputes.rows, toDispute),
    issues: new Map(
      [...byOrder(issues.rows, row => [issueKey(row), toResolution(row)] as const)].map(([uid, all]) => [
        uid,
        new Map(all),
      ]),
    ),
  }
}

function byOrder<Row extends { order_uid: string }, Item>(
  rows: readonly Row[],
  toItem: (row: Row) => Item,
): Map<string, Item[]> {
  const items = new Map<string, Item[]>()
  for (const row of rows) {
    const own = items.get(row.order_uid)
    if (own === undefined) items.set(row.order_uid, [toItem(row)])
    else own.push(toItem(row))
  }
  return items
}
