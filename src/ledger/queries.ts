import { eventsOf } from '../events/event-sql.ts'
import type { ListOrdering } from '../orders/list-filter.ts'
import { bookedOrders } from '../orders/order-sql.ts'
import { orderStream } from '../orders/order-stream.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { ArrivedOrder } from './arrivals.ts'

/** The SQL that reads the ledger, one function a statement. */

/** A transfer as it is stored. */
export type StoredTransfer = {
  transferId: string
  kind: string
  debit: string
  credit: string
  currency: string
  /** A whole number in decimal, in the currency's minor unit: it may exceed 2^53. */
  amount: string
  orderUid: string | null
  paymentId: string | null
  operationId: string | null
  orders: number | null
  recordedAt: Date
}

/** A position in the list of transfers: the last one that was looked at. */
export type TransferPosition = { recordedAtMs: string; position: string }

/** The filter of a list of transfers; every condition that is given must hold. */
export type TransferFilter = Partial<{
  /** Debited or credited. */
  account: string
  orderUid: string
  paymentId: string
  /** Recorded at or after. */
  fromMs: number
  /** Recorded before. */
  toMs: number
}>

export type TransferPage = { transfers: StoredTransfer[] /** Undefined: the last page. */; next?: TransferPosition }

type TransferRow = {
  transfer_id: string
  kind: string
  debit: string
  credit: string
  currency: string
  amount: string
  order_uid: string | null
  payment_id: string | null
  operation_id: string | null
  orders: number | null
  recorded_at: Date
}

const fields =
  'transfer_id, kind, debit, credit, currency, amount::text, order_uid, payment_id, operation_id, orders, recorded_at'

function toStored(row: TransferRow): StoredTransfer {
  return {
    transferId: row.transfer_id,
    kind: row.kind,
    debit: row.debit,
    credit: row.credit,
    currency: row.currency,
    amount: row.amount,
    orderUid: row.order_uid,
    paymentId: row.payment_id,
    operationId: row.operation_id,
    orders: row.orders,
    recordedAt: row.recorded_at,
  }
}

/** How many transfers a page looks at: no index serves every filter, and a page may be empty and have a next one. */
const walkedMax = 5_000

type WalkedRow = TransferRow & { fits: boolean; number: string; recorded_ms: string; position: string }

/**
 * Reads a page of transfers by the time at which they were recorded. It looks at a bounded number of them.
 *
 * @param after undefined for the first page
 */
export async function listTransfers(
  pool: Pool,
  filter: TransferFilter,
  after: TransferPosition | undefined,
  limit: number,
  ordering: ListOrdering,
): Promise<TransferPage> {
  const [direction, behind] = ordering === 'newest' ? (['desc', '<'] as const) : (['asc', '>'] as const)
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const bounds = ['true']
  if (after !== undefined) {
    const instant = value(new Date(Number(after.recordedAtMs)))
    bounds.push(`(recorded_at, position) ${behind} (${instant}::timestamptz, ${value(after.position)}::bigint)`)
  }
  if (filter.fromMs !== undefined) bounds.push(`recorded_at >= ${value(new Date(filter.fromMs))}`)
  if (filter.toMs !== undefined) bounds.push(`recorded_at < ${value(new Date(filter.toMs))}`)
  if (filter.orderUid !== undefined) bounds.push(`order_uid = ${value(filter.orderUid)}`)
  const conditions = ['true']
  if (filter.account !== undefined) conditions.push(`${value(filter.account)} in (debit, credit)`)
  if (filter.paymentId !== undefined) conditions.push(`payment_id is not distinct from ${value(filter.paymentId)}`)
  const order = `recorded_at ${direction}, position ${direction}`
  const { rows } = await pool.query<WalkedRow>(
    `select ${fields}, fits, number, (extract(epoch from recorded_at) * 1000)::bigint as recorded_ms, position
       from (select *, (${conditions.join(' and ')}) as fits, row_number() over (order by ${order}) as number
               from (select * from ledger_transfers where ${bounds.join(' and ')} order by ${order} limit ${walkedMax}) walked
            ) numbered
      where fits or number = ${walkedMax}
      order by number
      limit ${limit + 1}`,
    values,
  )
  return toPage(rows, limit)
}

function toPage(rows: readonly WalkedRow[], limit: number): TransferPage {
  const found = rows.filter(({ fits }) => fits).slice(0, limit)
  const transfers = found.map(toStored)
  // Behind the last that was looked at there may be more, and one more than asked for says that there are.
  const walkedTo = rows.length > limit ? found.at(-1) : rows.find(({ number }) => Number(number) === walkedMax)
  if (walkedTo === undefined) return { transfers }
  return { transfers, next: { recordedAtMs: walkedTo.recorded_ms, position: walkedTo.position } }
}

/** An order with what the ledger has to know of it. */
export type BookedOrder = ArrivedOrder &
  Readonly<{
    /** Whether it arrived paid. */
    arrivedPaid: boolean
    /** Whether its group's transfers are in the books: it arrived paid after they had begun. */
    isInBooks: boolean
  }>

/**
 * Reads orders as they are booked. An order whose first event was dropped from the log counts as placed when it was made.
 *
 * @returns by uid; orders that are not stored are left out
 */
export async function findBookedOrders(
  client: Pool | PoolClient,
  orderUids: readonly string[],
): Promise<Map<string, BookedOrder>> {
  const { rows } = await client.query<{
    order_uid: string
    currency: string
    amount: string
    provider: string
    arrived_paid: boolean
    placed_at: Date
    is_in_books: boolean
  }>(
    `select o.order_uid, o.currency, o.amount, o.provider, o.arrived_paid,
            coalesce(e.recorded_at, o.created_at) as placed_at,
            o.arrived_paid and o.amount > 0
              and coalesce(e.recorded_at, o.created_at)
                  >= coalesce((select recorded_at from ledger_start), '-infinity') as is_in_books
       from ${bookedOrders} o
       left join ${eventsOf(orderStream.type, 'order_uid')} e on e.order_uid = o.order_uid and e.sequence = 1
      where o.order_uid = any($1)`,
    [orderUids],
  )
  return new Map(
    rows.map(row => [
      row.order_uid,
      {
        orderUid: row.order_uid,
        currency: row.currency,
        amount: BigInt(row.amount),
        provider: row.provider,
        placedAt: row.placed_at,
        arrivedPaid: row.arrived_paid,
        isInBooks: row.is_in_books,
      },
    ]),
  )
}
