import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import { typeFor } from '../platform/accept.ts'
import { BytesResponse } from '../platform/bytes-response.ts'
import type { Call, Route } from '../platform/http.ts'
import { type LinesSource, linesResponse } from '../platform/lines-response.ts'
import { linkToNext } from '../platform/links.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool } from '../platform/postgres.ts'
import { arrivalTransfersOf } from './arrivals.ts'
import { readBalances } from './balances.ts'
import { operations } from './operations.ts'
import { type BookedOrder, findBookedOrders, listTransfers, type StoredTransfer } from './queries.ts'
import {
  encodeBalance,
  encodeTransfer,
  readAccountsQuery,
  readOrderQuery,
  readTransfersQuery,
  type TransfersQuery,
} from './requests.ts'
import { accountsOf } from './transfer.ts'
import { balanceJson, transferJson } from './views.ts'

type Options = { pool: Pool; log: Logger }

/** The ledger over HTTP: the books of an order, the balances of accounts, and all transfers. */
export function ledgerRoutes(options: Options): Route[] {
  const { pool } = options
  const get = { method: 'GET', scope: 'payments:write' } as const
  return [
    {
      method: 'GET',
      scope: 'orders:read',
      path: '/api/orders/:id/ledger',
      operation: operations.order,
      handle: call => listOfOrder(call, pool),
    },
    { ...get, path: '/api/ledger/accounts', operation: operations.accounts, handle: call => listAccounts(call, pool) },
    { ...get, path: '/api/ledger/transfers', operation: operations.transfers, handle: call => list(call, options) },
  ]
}

async function listOfOrder({ request: { url }, params }: Call, pool: Pool): Promise<Response> {
  const { after, limit } = readOrderQuery(new URL(url).searchParams)
  const orderUid = params.id ?? ''
  const order = orderUidForm.test(orderUid) ? (await findBookedOrders(pool, [orderUid])).get(orderUid) : undefined
  if (order === undefined) throw notFound(orderUid)
  const { transfers, next } = await listTransfers(pool, { orderUid }, after, limit, 'oldest')
  const arrived = after === undefined ? arrivedLines(order) : []
  return pageOf(
    url,
    [...arrived, ...transfers].map(transferJson),
    next === undefined ? undefined : encodeTransfer(next),
  )
}

/** What the transfers of a group hold of the order. */
function arrivedLines(order: BookedOrder): StoredTransfer[] {
  if (!order.isInBooks) return []
  return arrivalTransfersOf(order).map(transfer => ({
    ...accountsOf(transfer),
    transferId: transfer.transferId,
    kind: transfer.kind,
    currency: transfer.currency,
    amount: String(transfer.amount),
    orderUid: order.orderUid,
    paymentId: null,
    operationId: null,
    orders: null,
    recordedAt: transfer.recordedAt,
  }))
}

async function listAccounts({ request: { url } }: Call, pool: Pool): Promise<Response> {
  const { limit, ...query } = readAccountsQuery(new URL(url).searchParams)
  // One more than asked for tells whether there is a next page.
  const found = await readBalances(pool, { ...query, limit: limit + 1 })
  const balances = found.slice(0, limit)
  const last = found.length > limit ? balances.at(-1) : undefined
  return pageOf(url, balances.map(balanceJson), last === undefined ? undefined : encodeBalance(last))
}

async function list({ request }: Call, { pool, log }: Options): Promise<Response> {
  const { url } = request
  const isStream = typeFor(request, ['application/json', 'application/x-ndjson']) === 'application/x-ndjson'
  const query = readTransfersQuery(new URL(url).searchParams, isStream)
  if (isStream) {
    const response = await linesResponse(everyTransfer(pool, query, log))
    response.headers.set('vary', 'accept')
    return response
  }
  const { transfers, next } = await listTransfers(pool, query.filter, query.after, query.limit, query.ordering)
  return pageOf(url, transfers.map(transferJson), next === undefined ? undefined : encodeTransfer(next), {
    vary: 'accept',
  })
}

function pageOf(url: string, entries: readonly string[], next: string | undefined, headers = {}): Response {
  const link = next === undefined ? {} : { link: linkToNext(url, next) }
  return new BytesResponse(Buffer.from(`[${entries.join(',')}]`), {
    'content-type': 'application/json',
    ...headers,
    ...link,
  })
}

/** Transfers that a page of a stream holds: two pages are in memory at a time. */
const streamPageSize = 1_000

function everyTransfer(pool: Pool, query: TransfersQuery, log: Logger): LinesSource {
  const sums = { count: 0 }
  async function* lines() {
    for (let { after } = query; ; ) {
      const { transfers, next } = await listTransfers(pool, query.filter, after, streamPageSize, query.ordering)
      sums.count += transfers.length
      if (transfers.length > 0) yield Buffer.from(`${transfers.map(transferJson).join('\n')}\n`)
      if (next === undefined) return
      after = next
    }
  }
  return { lines: lines(), sums: () => sums, log }
}
