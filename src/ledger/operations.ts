import { Type } from 'typebox'
import { listOrderings } from '../orders/list-filter.ts'
import { linesOf, pageAnswer, problemAnswer, queryParameters, withLines } from '../platform/openapi.ts'
import { cursorParameter, limitParameter, pageParameters, pageSizeMax } from '../platform/query.ts'
import { balanceView, transfersEndView, transferView } from './views.ts'

/** The operations of the ledger in OpenAPI. */

const instant = (description: string) => ({ description, schema: { type: 'string', format: 'date-time' } })
const text = (description: string) => ({ description, schema: { type: 'string' } })

/** The parameters of `GET /api/ledger/transfers`. */
export const transferParameters = {
  ...pageParameters('Transfers'),
  account: text('Debited or credited: an account, whole'),
  order_uid: text('The order, whole'),
  payment_id: text('The payment, whole'),
  from: instant('Recorded at or after; to the millisecond, further digits are cut off'),
  to: instant('Recorded before; to the millisecond, further digits are cut off'),
  sort: {
    description: 'By the time at which they were recorded',
    schema: { title: 'ListOrdering', type: 'string', enum: listOrderings, default: 'newest' },
  },
}

/** The parameters of `GET /api/ledger/accounts`. */
export const accountParameters = {
  limit: limitParameter('Balances on a page', { preset: pageSizeMax }),
  cursor: cursorParameter,
  at: instant('The balances of this time: what was recorded before it; to the millisecond. Now, if left out'),
}

/** The parameters of `GET /api/orders/:id/ledger`. */
export const orderParameters = {
  limit: limitParameter('Transfers on a page', { preset: pageSizeMax }),
  cursor: cursorParameter,
}

const tags = ['ledger']
const refused = problemAnswer('A parameter is wrong; errors lists all of them')
const overloaded = problemAnswer('Overloaded, or the database is unavailable; Retry-After says when to try again')

export const operations = {
  order: {
    operationId: 'listOrderTransfers',
    summary: 'Read the books of an order',
    description:
      'The transfers of the order in the order in which they were recorded. An order that arrived paid has a sale and a capture ' +
      'here; the ledger holds them within the transfers of the orders that were placed with it.',
    tags,
    parameters: queryParameters(orderParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', transferView),
      400: refused,
      404: problemAnswer('No order has this uid'),
      503: overloaded,
    },
  },
  accounts: {
    operationId: 'listAccountBalances',
    summary: 'Read the balances of all accounts, now or at a time',
    description:
      'Exact at any moment: debits and credits of all accounts come to the same in each currency. By account and currency.',
    tags,
    parameters: queryParameters(accountParameters),
    responses: {
      200: pageAnswer('A page; the Link header leads to the next one', balanceView),
      400: refused,
      503: overloaded,
    },
  },
  transfers: {
    operationId: 'listTransfers',
    summary: 'List transfers, newest first unless sorted otherwise',
    description:
      'Every condition given must hold. A page looks at a bounded number of transfers, so one may be empty and have a next one. ' +
      'With Accept: application/x-ndjson every match is streamed, followed by a last line that says complete.',
    tags,
    parameters: queryParameters(transferParameters),
    responses: {
      200: withLines(
        pageAnswer('A page; the Link header leads to the next one', transferView),
        linesOf(
          Type.Union([transferView, transfersEndView]),
          'A transfer a line, without pages, and a last line that says complete',
        ),
      ),
      400: refused,
      406: problemAnswer('Accept allows neither JSON nor NDJSON'),
      503: overloaded,
    },
  },
}
