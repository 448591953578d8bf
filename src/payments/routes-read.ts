import { AppError } from '../errors.ts'
import type { Notifier } from '../events/notifier.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import type { Call, Route } from '../platform/http.ts'
import { linkToNext } from '../platform/links.ts'
import { pause } from '../platform/periodic.ts'
import type { Pool } from '../platform/postgres.ts'
import { QueryReader } from '../platform/query.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { readListQuery } from './list-query.ts'
import { operations, waitMaxSeconds, waitParameters } from './operations.ts'
import { isOpen } from './payment.ts'
import { presentPayment, presentWithOperations, type Shown } from './presentation.ts'
import type { Provider } from './provider.ts'
import { presentProvider } from './provider-presentation.ts'
import { listPayments, readPayment, readPaymentsOf } from './read-queries.ts'

type Options = Readonly<{
  /** For reads of one thing, and for lists. */
  single: Pool
  lists: Pool
  providers: ReadonlyMap<string, Provider>
  /** Notified when the log has grown. */
  logGrown: Notifier
  /** Aborted when the service stops. */
  stop: AbortSignal
}>

/** Payments are read. */
export function readRoutes(options: Options): Route[] {
  const get = { method: 'GET', scope: 'orders:read' } as const
  return [
    { ...get, path: '/api/orders/:id/payments', operation: operations.ofOrder, handle: call => ofOrder(call, options) },
    { ...get, path: '/api/payments', operation: operations.list, handle: call => list(call, options) },
    {
      ...get,
      path: '/api/payment-providers',
      operation: operations.providers,
      handle: async () => Response.json([...options.providers.values()].map(presentProvider)),
    },
    { ...get, path: '/api/payments/:id', operation: operations.get, handle: call => show(call, options) },
  ]
}

async function ofOrder(call: Call, { single, providers }: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const payments = orderUidForm.test(orderUid) ? await readPaymentsOf(single, orderUid) : undefined
  if (payments === undefined) throw notFound(orderUid)
  return Response.json(payments.map(shown => presentWithOperations(shown, providers)))
}

async function list(call: Call, { lists, providers }: Options): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readListQuery(new URL(url).searchParams)
  const { payments, next } = await listPayments(lists, filter, after, limit)
  return Response.json(
    payments.map(shown => presentPayment(shown, providers)),
    { headers: next === undefined ? {} : { link: linkToNext(url, encodeTimedCursor(next)) } },
  )
}

async function show(call: Call, options: Options): Promise<Response> {
  const query = new QueryReader(new URL(call.request.url).searchParams, waitParameters)
  const seconds = Number(query.text('wait') ?? 0)
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > waitMaxSeconds) {
    query.refuse('wait', `a whole number of seconds, 0 to ${waitMaxSeconds}`)
  }
  query.end()
  const shown = await readSettled(call, options, performance.now() + seconds * 1000)
  return Response.json(presentWithOperations(shown, options.providers))
}

/** How long a waiting request leaves the database alone, in milliseconds: a busy log grows all the time. */
const waitPauseMs = 100

/**
 * Reads a payment, and waits while its outcome is open: what the provider has still to say, and what the payer has to confirm. It is
 * answered earlier when its state changes, such as when the payer has to act now.
 *
 * @param untilMs by `performance.now()`
 */
async function readSettled(call: Call, { single, logGrown, stop }: Options, untilMs: number): Promise<Shown> {
  const paymentId = call.params.id ?? ''
  const ends = AbortSignal.any([stop, call.request.signal])
  let first: Shown | undefined
  for (;;) {
    const seen = logGrown.seen()
    const shown = orderUidForm.test(paymentId) ? await readPayment(single, paymentId) : undefined
    if (shown === undefined) throw paymentNotFound(paymentId)
    first ??= shown
    const isKnown = !shown.operations.some(isOpen) || shown.payment.state !== first.payment.state
    if (isKnown || ends.aborted || performance.now() >= untilMs) return shown
    await pause(waitPauseMs, ends)
    await logGrown.next(seen, ends)
  }
}

export function paymentNotFound(paymentId: string): AppError {
  return new AppError('PAYMENT_NOT_FOUND', `no payment is stored under ${paymentId}`)
}
