import { severalOf } from '../platform/openapi.ts'
import { pageSizeMax, QueryReader } from '../platform/query.ts'
import type { ReportPosition } from './report-queries.ts'
import { outcome } from './report-views.ts'
import { type Result, results } from './settlement.ts'

/** Reads the queries of reconciliations. Each throws AppError REQUEST_INVALID with every parameter that is wrong. */

const limit = (what: string) => ({
  description: `${what} on a page`,
  schema: { type: 'integer', minimum: 1, maximum: pageSizeMax, default: 100 },
})
const cursor = { description: 'Where the page begins: taken from a Link header', schema: { type: 'string' } }
const fromLink = 'taken from a Link header'

/** The parameters of `GET /api/reconciliations`. */
export const reportListParameters = {
  limit: limit('Reconciliations'),
  cursor,
  provider: { description: 'Whose files', schema: { type: 'string' } },
}

/** The parameters of `GET /api/reconciliations/:id/lines`. */
export const reportLineParameters = { limit: limit('Lines'), cursor, outcome: severalOf(outcome) }

export type ReportListQuery = { provider: string | undefined; after: ReportPosition | undefined; limit: number }

export function readReportListQuery(given: URLSearchParams): ReportListQuery {
  const query = new QueryReader(given, reportListParameters)
  const read = { limit: query.limit(), provider: query.storableText('provider'), after: positionOf(query) }
  query.end()
  return read
}

export type ReportLinesQuery = {
  outcomes: readonly Result[] | undefined
  /** The number of the line before the page. */
  after: number
  limit: number
}

/** @param isWhole whether the answer is every match, and no page */
export function readReportLinesQuery(given: URLSearchParams, isWhole: boolean): ReportLinesQuery {
  const query = new QueryReader(given, reportLineParameters)
  if (isWhole && query.text('limit') !== undefined) {
    query.refuse('limit', 'left out of a stream, which has every match')
  }
  const text = query.text('cursor') ?? '0'
  if (!/^\d{1,9}$/.test(text)) query.refuse('cursor', fromLink)
  const asked = query.list('outcome')
  const outcomes = asked?.flatMap(name => results.find(known => known === name && known !== 'matched') ?? [])
  if (outcomes?.length !== asked?.length) {
    query.refuse('outcome', `of ${results.filter(result => result !== 'matched').join(', ')}`)
  }
  const read = { outcomes, after: Number(text), limit: query.limit() }
  query.end()
  return read
}

export function encodeReport({ finished_at: finishedAt, id }: { finished_at: string; id: string }): string {
  return `${Date.parse(finishedAt)}-${id}`
}

function positionOf(query: QueryReader): ReportPosition | undefined {
  const text = query.text('cursor')
  if (text === undefined) return undefined
  const [, ms, id] = /^(\d{1,15})-([\w-]{1,64})$/.exec(text) ?? []
  if (ms !== undefined && id !== undefined) return { finishedAtMs: Number(ms), id }
  query.refuse('cursor', fromLink)
  return undefined
}
