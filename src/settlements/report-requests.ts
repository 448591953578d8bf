import { severalOf } from '../platform/openapi.ts'
import { pageParameters, QueryReader } from '../platform/query.ts'
import { decodeTimedCursor, type TimedPosition } from '../platform/timed-cursor.ts'
import { outcome } from './report-views.ts'
import { type Result, results } from './settlement.ts'

/** Reads the queries of reconciliations. Each throws AppError REQUEST_INVALID with every parameter that is wrong. */

const fromLink = 'taken from a Link header'

/** The parameters of `GET /api/reconciliations`. */
export const reportListParameters = {
  ...pageParameters('Reconciliations'),
  provider: { description: 'Whose files', schema: { type: 'string' } },
}

/** The parameters of `GET /api/reconciliations/:id/lines`. */
export const reportLineParameters = { ...pageParameters('Lines'), outcome: severalOf(outcome) }

export type ReportListQuery = { provider: string | undefined; after: TimedPosition | undefined; limit: number }

export function readReportListQuery(given: URLSearchParams): ReportListQuery {
  const query = new QueryReader(given, reportListParameters)
  const read = {
    limit: query.limit(),
    provider: query.storableText('provider'),
    after: query.cursor(decodeTimedCursor),
  }
  query.end()
  return read
}

export type ReportLinesQuery = {
  outcomes: readonly Result[] | undefined
  /** The number of the line before the page. */
  after: number
  limit: number
}

/** The results that have lines: of what matched there are none. */
const listed = results.filter(result => result !== 'matched')

/** @param isWhole whether the answer is every match, and no page */
export function readReportLinesQuery(given: URLSearchParams, isWhole: boolean): ReportLinesQuery {
  const query = new QueryReader(given, reportLineParameters)
  if (isWhole && query.text('limit') !== undefined) {
    query.refuse('limit', 'left out of a stream, which has every match')
  }
  const text = query.text('cursor') ?? '0'
  if (!/^\d{1,9}$/.test(text)) query.refuse('cursor', fromLink)
  const read = { outcomes: query.words('outcome', listed), after: Number(text), limit: query.limit() }
  query.end()
  return read
}
