import type { Whom } from '../whom.ts'
import { notFound } from '../orders/commands.ts'
import { findOrder } from '../orders/queries.ts'
import type { Call, Route } from '../platform/http.ts'
import { streamedResponse } from '../platform/lines-response.ts'
import type { Pool } from '../platform/postgres.ts'
import { beginErasure, continueErasure, type ErasureOptions } from './erase.ts'
import { findErasuresOf } from './erasure-queries.ts'
import { exportCustomer } from './export.ts'
import { operations } from './operations.ts'
import { presentErasure } from './presentation.ts'
import { customerIdOf, orderUidOf, readErasure } from './requests.ts'
import type { ErasureReachView } from './views.ts'

export type CustomerRoutesOptions = ErasureOptions &
  Readonly<{
    /** The pool for long reads. */
    lists: Pool
    /** What an erasure erases, and where recipients may still be afterwards. */
    reach: ErasureReachView
    onFinished: (counts: Readonly<Record<string, number>>) => void
    isStopping: () => boolean
  }>

/** How long a request works at an erasure; the worker does what is left. */
const workMsMax = 3_000

/** The most erasures of a customer that are listed. */
const listedMax = 100

/** Customers are exported, and erased; so are orders by themselves. */
export function customerRoutes(options: CustomerRoutesOptions): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/api/customers/:id/erase', scope: 'admin', operation: operations.eraseCustomer },
      idempotent: true,
      handle: call => erase(call, customerOf(call), options),
    },
    {
      ...{ method: 'POST', path: '/api/orders/:id/erase', scope: 'admin', operation: operations.eraseOrder },
      idempotent: true,
      handle: async call => erase(call, await orderOf(call, options), options),
    },
    {
      ...{ method: 'GET', path: '/api/orders/:id/erasures', scope: 'admin', operation: operations.listOrderErasures },
      handle: async call => list(await orderOf(call, options), options),
    },
    {
      ...{ method: 'GET', path: '/api/customers/:id/export', scope: 'admin', operation: operations.exportCustomer },
      handle: call => send(call, options),
    },
    {
      ...{ method: 'GET', path: '/api/customers/:id/erasures', scope: 'admin', operation: operations.listErasures },
      handle: call => list(customerOf(call), options),
    },
    {
      ...{ method: 'GET', path: '/api/erasures/reach', scope: 'admin', operation: operations.getErasureReach },
      handle: () => Response.json(options.reach),
    },
  ]
}

function customerOf(call: Call): Whom {
  return { customerId: customerIdOf(call), orderUid: undefined }
}

/** @throws AppError ORDER_NOT_FOUND: a mistyped uid must not look like an erasure that is done */
async function orderOf(call: Call, { pool }: CustomerRoutesOptions): Promise<Whom> {
  const orderUid = orderUidOf(call)
  if ((await findOrder(pool, orderUid)) === undefined) throw notFound(orderUid)
  return { customerId: undefined, orderUid }
}

async function erase(call: Call, whom: Whom, options: CustomerRoutesOptions): Promise<Response> {
  const asked = { ...(await readErasure(call.request)), whom }
  const untilMs = performance.now() + workMsMax
  const begun = await beginErasure(options, asked)
  const erasure = await continueErasure(options, begun, () => performance.now() < untilMs && !options.isStopping())
  const isFinished = erasure.step === undefined
  if (isFinished) options.onFinished(erasure.counts)
  return Response.json(presentErasure(erasure, options.reach.not_reached), { status: isFinished ? 200 : 202 })
}

async function list(whom: Whom, { pool, reach }: CustomerRoutesOptions): Promise<Response> {
  const erasures = await findErasuresOf(pool, whom, listedMax)
  return Response.json(erasures.map(erasure => presentErasure(erasure, reach.not_reached)))
}

async function send(call: Call, { lists, modules, now }: CustomerRoutesOptions): Promise<Response> {
  const customerId = customerIdOf(call)
  return streamedResponse(exportCustomer({ pool: lists, modules }, customerId, now()), {
    'content-type': 'application/json',
    'content-disposition': 'attachment; filename="customer.json"',
  })
}
