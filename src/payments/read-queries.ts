import type { OrderStatus } from '../orders/order.ts'
import { orderStatuses } from '../orders/order-sql.ts'
import { findOrder } from '../orders/queries.ts'
import type { Pool } from '../platform/postgres.ts'
import { presentedPayments } from './paid-orders.ts'
import type { Operation, PaymentState } from './payment.ts'
import type { Shown } from './presentation.ts'
import { operationColumns, type OperationRow, paymentColumns, type PaymentRow, toOperation, toPayment } from './rows.ts'
import type { IssueKind } from './views.ts'
import { pageOf, walkedMax, walkedRows } from '../platform/walked-page.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'

/** Payments as they are read, without a lock. */

/**
 * The order that a payment is of.
 *
 * @returns undefined when there is no such payment; for the payment of an order that arrived paid the id is the order's own
 */
export async function findOrderOf(pool: Pool, paymentId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ order_uid: string }>('select order_uid from payments where payment_id = $1', [
    paymentId,
  ])
  return rows[0]?.order_uid
}

/** The payment that a provider knows by a reference; undefined when there is none. */
export async function findByReference(
  pool: Pool,
  provider: string,
  providerRef: string,
): Promise<{ orderUid: string; paymentId: string } | undefined> {
  const { rows } = await pool.query<{ order_uid: string; payment_id: string }>(
    'select order_uid, payment_id from payments where provider = $1 and provider_ref = $2 order by created_at limit 1',
    [provider, providerRef],
  )
  return rows[0] && { orderUid: rows[0].order_uid, paymentId: rows[0].payment_id }
}

/**
 * The payments of an order, oldest first, each with all of its operations.
 *
 * @returns undefined when the order is not stored
 */
export async function readPaymentsOf(pool: Pool, orderUid: string): Promise<Shown[] | undefined> {
  const order = await findOrder(pool, orderUid)
  if (order === undefined) return undefined
  const payments = await pool.query<PaymentRow>(
    `select ${paymentColumns} from payments where order_uid = $1 order by created_at, payment_id`,
    [orderUid],
  )
  const orderStatus = order.state.status
  if (payments.rows.length === 0) {
    const presented = await presentedPayments(pool, [order])
    return [...presented.values()].map(({ payment }) => ({ payment, operations: [], orderStatus }))
  }
  const operations = await pool.query<OperationRow>(
    `select ${operationColumns} from payment_operations where order_uid = $1 order by requested_at, operation_id`,
    [orderUid],
  )
  return payments.rows.map(row => ({
    payment: toPayment(row),
    operations: operations.rows.filter(operation => operation.payment_id === row.payment_id).map(toOperation),
    orderStatus,
  }))
}

/** A payment with all of its operations; undefined when there is none. */
export async function readPayment(pool: Pool, paymentId: string): Promise<Shown | undefined> {
  const orderUid = (await findOrderOf(pool, paymentId)) ?? paymentId
  const all = await readPaymentsOf(pool, orderUid)
  return all?.find(({ payment }) => payment.paymentId === paymentId)
}

/** Which payments a list has; each condition that is given must hold. */
export type PaymentFilter = Readonly<{
  states: readonly PaymentState[] | undefined
  provider: string | undefined
  /** Of these orders: few. */
  orderUids: readonly string[] | undefined
  /** With an open issue of this kind. */
  issue: IssueKind | undefined
  /** Created at or after, and before, in milliseconds since 1970. */
  fromMs: number | undefined
  toMs: number | undefined
}>

/** A page of payments, and where the next one begins: undefined on the last page. */
export type PaymentPage = Readonly<{ payments: readonly Shown[]; next: TimedPosition | undefined }>

/**
 * A page of payments, newest first, each with its open operations. A page of a filter that few payments pass may have fewer than the
 * limit, or none, before the last one.
 *
 * @param after the payment before the page
 */
export async function listPayments(
  pool: Pool,
  filter: PaymentFilter,
  after: TimedPosition | undefined,
  limit: number,
): Promise<PaymentPage> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds: string[] = []
  const conditions: string[] = []
  if (filter.fromMs !== undefined) bounds.push(`created_at >= ${value(new Date(filter.fromMs))}`)
  if (filter.toMs !== undefined) bounds.push(`created_at < ${value(new Date(filter.toMs))}`)
  if (after !== undefined) {
    const place = `${value(new Date(after.atMs))}::timestamptz, ${value(after.id)}`
    bounds.push(`(created_at, payment_id) < (${place})`)
  }
  if (filter.provider !== undefined) conditions.push(`provider = ${value(filter.provider)}`)
  const branches = isIndexed(filter)
    ? [...new Set(filter.states)].map(state => [...bounds, `state = ${value(state)} and state <> 'captured'`])
    : [bounds]
  if (filter.states !== undefined && !isIndexed(filter)) conditions.push(`state = any(${value(filter.states)})`)
  const isOfMany = await isOfManyIssues(pool, filter)
  if (isOfMany) conditions.push(hasOpenIssue(value(filter.issue)))
  const walk = {
    table: isOfMany ? 'payments' : tableOf(filter, value),
    keys: ['order_uid', 'payment_id'],
    sortedBy: ['created_at', 'payment_id'],
  }
  const rowsMax = Math.ceil(walkedMax / branches.length)
  const walks = branches.map(branch => walkedRows({ ...walk, bounds: branch, conditions, limit, rowsMax }))
  const { rows } = await pool.query<ListedRow & { fits: boolean; number: string }>(
    `select ${listedColumns}, k.fits, k.number
       from (${walks.join(' union all ')}) k
       join payments p using (order_uid, payment_id)
      order by p.created_at desc, p.payment_id desc`,
    values,
  )
  const page = pageOf(rows, { conditions, limit, rowsMax })
  const next = page.last && { atMs: page.last.created_at, id: page.last.payment_id }
  return { payments: await withOpenOperations(pool, page.rows), next }
}

/** Whether an index has the payments in these states: all but those that nearly every payment is in. */
function isIndexed(
  filter: PaymentFilter,
): filter is PaymentFilter & { states: readonly PaymentState[]; orderUids: undefined; issue: undefined } {
  const { states, orderUids, issue } = filter
  return states !== undefined && !states.includes('captured') && orderUids === undefined && issue === undefined
}

/** Of more open issues of a kind than that, their payments are not read before they are sorted: 20 ms. */
const issuesMax = 5_000

/** Whether a list is of the payments with an issue that many have, as after a settlement report of another shop. */
async function isOfManyIssues(pool: Pool, { issue, orderUids }: PaymentFilter): Promise<boolean> {
  if (issue === undefined || orderUids !== undefined) return false
  const { rows } = await pool.query<{ are_many: boolean }>(
    `select exists (select from payment_issues where state = 'open' and kind = $1 offset ${issuesMax}) as are_many`,
    [issue],
  )
  return rows[0]?.are_many ?? false
}

const hasOpenIssue = (kind: string) =>
  `exists (select from payment_issues i
            where i.order_uid = payments.order_uid and i.payment_id = payments.payment_id and i.state = 'open' and i.kind = ${kind})`

/** The payments that a walk begins with: orders have few, and where open issues are few they lead to theirs. */
function tableOf({ orderUids, issue }: PaymentFilter, value: (given: unknown) => string): string {
  const ofOrders = orderUids === undefined ? 'true' : `p.order_uid = any(${value(orderUids)})`
  if (issue === undefined)
    // Without a limit that the planner sees it does not look for the orders' payments by their time.
    return orderUids === undefined ? 'payments' : `(select p.* from payments p where ${ofOrders} offset 0) payments`
  return `(select p.*
             from (select distinct order_uid, payment_id from payment_issues
                    where state = 'open' and kind = ${value(issue)} and order_uid is not null) i
             join payments p on p.order_uid = i.order_uid and p.payment_id = i.payment_id and ${ofOrders}) payments`
}

/** The payments of several orders, each with its open operations. */
export async function readOpenPaymentsOf(pool: Pool, orderUids: readonly string[]): Promise<Shown[]> {
  if (orderUids.length === 0) return []
  const { rows } = await pool.query<ListedRow>(`select ${listedColumns} from payments p where p.order_uid = any($1)`, [
    orderUids,
  ])
  return withOpenOperations(pool, rows)
}

type ListedRow = PaymentRow & { order_status: OrderStatus }
const listedColumns = `${paymentColumns},
  (select o.status from ${orderStatuses} o where o.order_uid = p.order_uid) as order_status`

async function withOpenOperations(pool: Pool, rows: readonly ListedRow[]): Promise<Shown[]> {
  const open = await openOperationsOf(pool, [...new Set(rows.map(row => row.order_uid))])
  return rows.map(row => ({
    payment: toPayment(row),
    operations: open.filter(({ paymentId }) => paymentId === row.payment_id),
    orderStatus: row.order_status,
  }))
}

async function openOperationsOf(pool: Pool, orderUids: readonly string[]): Promise<Operation[]> {
  if (orderUids.length === 0) return []
  const { rows } = await pool.query<OperationRow>(
    `select ${operationColumns}
       from payment_operations
      where order_uid = any($1) and next_attempt_at is not null
      order by requested_at, operation_id`,
    [orderUids],
  )
  return rows.map(toOperation)
}
