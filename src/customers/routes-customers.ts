import type { Call, Route } from '../platform/http.ts'
import { beginErasure, continueErasure, type ErasureOptions } from './erase.ts'
import { findErasuresOf } from './erasure-queries.ts'
import { operations } from './operations.ts'
import { presentErasure } from './presentation.ts'
import { customerIdOf, readErasure } from './requests.ts'

export type CustomerRoutesOptions = ErasureOptions &
  Readonly<{
    /** Where recipients may still be afterwards. */
    notReached: readonly string[]
    onFinished: (counts: Readonly<Record<string, number>>) => void
    isStopping: () => boolean
  }>

/** How long a request works at an erasure; the worker does what is left. */
const workMsMax = 3_000

/** The most erasures of a customer that are listed. */
const listedMax = 100

/** Customers are erased. */
export function customerRoutes(options: CustomerRoutesOptions): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/api/customers/:id/erase', scope: 'admin', operation: operations.eraseCustomer },
      idempotent: true,
      handle: call => erase(call, options),
    },
    {
      ...{ method: 'GET', path: '/api/customers/:id/erasures', scope: 'admin', operation: operations.listErasures },
      handle: call => list(call, options),
    },
  ]
}

async function erase(call: Call, options: CustomerRoutesOptions): Promise<Response> {
  const customerId = customerIdOf(call)
  const asked = { ...(await readErasure(call.request)), customerId }
  const untilMs = performance.now() + workMsMax
  const begun = await beginErasure(options, asked)
  const erasure = await continueErasure(options, begun, () => performance.now() < untilMs && !options.isStopping())
  const isFinished = erasure.step === undefined
  if (isFinished) options.onFinished(erasure.counts)
  return Response.json(presentErasure(erasure, options.notReached), { status: isFinished ? 200 : 202 })
}

async function list(call: Call, { pool, notReached }: CustomerRoutesOptions): Promise<Response> {
  const erasures = await findErasuresOf(pool, customerIdOf(call), listedMax)
  return Response.json(erasures.map(erasure => presentErasure(erasure, notReached)))
}
