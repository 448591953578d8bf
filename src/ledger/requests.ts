import { instantOf } from '../orders/instant.ts'
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
  const ordering = listOrderings.find(known => known === (query.text('sort') ?? 'newest'))
  if (ordering === undefined) query.refuse('sort', `one of ${listOrderings.join(', ')}`)
  const filter = {
    account: query.storableText('account'),
    orderUid: query.storableText('order_uid'),
    paymentId: query.storableText('payment_id'),
    fromMs: instant(query, 'from'),
    toMs: instant(query, 'to'),
  }
  query.end()
  const set = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
  return { filter: set as TransferFilter, after, limit, ordering: ordering ?? 'newest' }
}

/** The query of the books of an order. */
export function readOrderQuery(given: URLSearchParams): Pick<TransfersQuery, 'after' | 'limit'> {
  const query = new QueryReader(given, orderParameters)
  const read = { limit: limitOr(query, pageSizeMax), after: transferCursor(query) }
  query.end()
  return read
}

export type AccountsQuery = { atMs: number | undefined; after: BalancePosition | undefined; limit: number }

export function readAccountsQuery(given: URLSearchParams): AccountsQuery {
  const query = new QueryReader(given, accountParameters)
  const limit = limitOr(query, pageSizeMax)
  const cursor = query.text('cursor')
  const after = cursor === undefined ? undefined : decodeBalance(cursor)
  if (cursor !== undefined && after === undefined) query.refuse('cursor', fromLink)
  const atMs = instant(query, 'at')
  query.end()
  return { atMs, after, limit }
}

const fromLink = 'taken from a Link header'

function limitOr(query: QueryReader, preset: number): number {
  return query.text('limit') === undefined ? preset : query.limit()
}

function instant(query: QueryReader, name: string): number | undefined {
  const text = query.text(name)
  const instantMs = text === undefined ? undefined : instantOf(text)
  if (text !== undefined && instantMs === undefined) {
    query.refuse(name, 'an RFC 3339 time within the years 0001 to 9999 in UTC, such as 2021-11-26T06:22:19Z')
  }
  return instantMs
}

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
