import { type ListOrdering, listOrderings } from '../orders/list-filter.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import type { BalancePosition } from './balances.ts'
import { accountParameters, orderParameters, transferParameters } from './operations.ts'
import type { TransferFilter, TransferPosition } from './queries.ts'

/** Reads the queries of the ledger. Each throws AppError REQUEST_INVALID with every parameter that is wrong. */

export type TransfersQuery = {
  filter: TransferFilter
  after: TransferPosition | undefined
  limit: number
  ordering: ListOrdering
}

/** @param isStream whether the answer is every match, and no page */
export function readTransfersQuery(given: URLSearchParams, isStream: boolean): TransfersQuery {
  const query = new QueryReader(given, transferParameters)
  const limit = query.limit()
  if (isStream && query.text('limit') !== undefined) {
    query.refuse('limit', 'left out of a stream, which has every match')
  }
  const after = transferCursor(query)
  const ordering = query.word('sort', listOrderings) ?? 'newest'
  const filter = {
    account: query.storableText('account'),
    orderUid: query.storableText('order_uid'),
    paymentId: query.storableText('payment_id'),
    fromMs: query.instant('from'),
    toMs: query.instant('to'),
  }
  query.end()
  const set = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  return { filter: set as TransferFilter, after, limit, ordering }
}

/** The query of the books of an order. */
export function readOrderQuery(given: URLSearchParams): Pick<TransfersQuery, 'after' | 'limit'> {
  const query = new QueryReader(given, orderParameters)
  const read = { limit: query.limit({ preset: pageSizeMax }), after: transferCursor(query) }
  query.end()
  return read
}

export type AccountsQuery = { atMs: number | undefined; after: BalancePosition | undefined; limit: number }

export function readAccountsQuery(given: URLSearchParams): AccountsQuery {
  const query = new QueryReader(given, accountParameters)
  const limit = query.limit({ preset: pageSizeMax })
  const cursor = query.text('cursor')
  const after = cursor === undefined ? undefined : decodeBalance(cursor)
  if (cursor !== undefined && after === undefined) query.refuse('cursor', fromLink)
  const atMs = query.instant('at')
  query.end()
  return { atMs, after, limit }
}

const fromLink = 'taken from a Link header'

function transferCursor(query: QueryReader): TransferPosition | undefined {
  const cursor = query.text('cursor')
  if (cursor === undefined) return undefined
  const [, recordedAtMs, position] = /^(-?\d{1,14})-(\d{1,18})$/.exec(cursor) ?? []
  if (recordedAtMs === undefined || position === undefined) {
    query.refuse('cursor', fromLink)
    return undefined
  }
  return { recordedAtMs, position }
}

export function encodeTransfer({ recordedAtMs, position }: TransferPosition): string {
  return `${recordedAtMs}-${position}`
}

export function encodeBalance({ account, currency }: BalancePosition): string {
  return Buffer.from(`${currency} ${account}`).toString('base64url')
}

function decodeBalance(cursor: string): BalancePosition | undefined {
  const [, currency, account] = /^([A-Z]{3}) ([^\0]+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? []
  return currency === undefined || account === undefined ? undefined : { currency, account }
}
