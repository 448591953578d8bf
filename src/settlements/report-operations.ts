import { Type } from 'typebox'
import { answer, linesOf, pageAnswer, problemAnswer, queryParameters, withLines } from '../platform/openapi.ts'
import { reportLineParameters, reportListParameters } from './report-requests.ts'
import { reportLinesEndView, reportLineView, reportView, reportWithPayoutsView } from './report-views.ts'

/** The operations of reconciliations in OpenAPI. */

const tags = ['reconciliation']
const refused = problemAnswer('A parameter is wrong; errors lists all of them')
const unknown = problemAnswer('No reconciliation has this id')
const overloaded = problemAnswer('Overloaded, or the database is unavailable; Retry-After says when to try again')
const page = 'A page; the Link header leads to the next one'

const lines = withLines(
  pageAnswer(page, reportLineView),
  linesOf(
    Type.Union([reportLineView, reportLinesEndView]),
    'A difference a line, without pages, and a last line that says complete',
  ),
) as { content: object }

export const reportOperations = {
  list: {
    operationId: 'listReconciliations',
    summary: 'List reconciliations, newest first',
    description: 'Each is what `./orders reconcile FILE` came to. A dry run is not kept.',
    tags,
    parameters: queryParameters(reportListParameters),
    responses: { 200: pageAnswer(page, reportView), 400: refused, 503: overloaded },
  },
  get: {
    operationId: 'getReconciliation',
    summary: 'Read a reconciliation',
    description: 'With the payouts that do not sum to nothing.',
    tags,
    responses: { 200: answer('The reconciliation', reportWithPayoutsView), 404: unknown, 503: overloaded },
  },
  lines: {
    operationId: 'listReconciliationLines',
    summary: 'List what differs',
    description:
      'Lines of the file that differ, by their rows, and behind them payments that the file lacks. With Accept: application/x-ndjson ' +
      'or text/csv every match is sent. CSV has amounts with decimals.',
    tags,
    parameters: queryParameters(reportLineParameters),
    responses: {
      200: {
        ...lines,
        content: {
          ...lines.content,
          'text/csv': { schema: { type: 'string', description: 'A heading, and a difference a row' } },
        },
      },
      400: refused,
      404: unknown,
      406: problemAnswer('Accept allows neither JSON, NDJSON nor CSV'),
      503: overloaded,
    },
  },
}
