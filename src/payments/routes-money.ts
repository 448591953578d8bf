import { AppError } from '../errors.ts'
import { notFound } from '../orders/commands.ts'
import { orderUidForm } from '../orders/document.ts'
import { findOrder } from '../orders/queries.ts'
import { refuseCardNumbers } from '../platform/card-number.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import type { Decision, DecisionContext, OrderPayments } from './changes.ts'
import type { MoneyRequest, PaymentCommands } from './commands.ts'
import { decideBegin } from './decide-begin.ts'
import { decideOperate } from './decide-operate.ts'
import { decideRecord } from './decide-record.ts'
import { idOf, paymentIdsOf } from './ids.ts'
import { operations } from './operations.ts'
import { presentPayment } from './presentation.ts'
import type { Provider } from './provider.ts'
import { findOrderOf } from './read-queries.ts'
import { actorDefault, readCapture, readPayment, readRecord, readRefund, readVoid } from './requests.ts'
import { paymentNotFound } from './routes-read.ts'

type Options = Readonly<{
  pool: Pool
  commands: PaymentCommands
  providers: ReadonlyMap<string, Provider>
}>

/** Money is moved, or recorded: each request with an Idempotency-Key, of which its operation's id is made. */
export function moneyRoutes(options: Options): Route[] {
  const post = { method: 'POST', scope: 'payments:write', idempotent: true, needsKey: true, claims: 'itself' } as const
  const path = '/api/payments/:id'
  return [
    {
      ...post,
      path: '/api/orders/:id/payments',
      operation: operations.create,
      handle: (call, claim) => begin(call, keyOf(claim), options),
    },
    {
      ...post,
      path: `${path}/capture`,
      operation: operations.capture,
      handle: (call, claim) => capture(call, keyOf(claim), options),
    },
    {
      ...post,
      path: `${path}/void`,
      operation: operations.void,
      handle: (call, claim) => release(call, keyOf(claim), options),
    },
    {
      ...post,
      path: `${path}/refunds`,
      operation: operations.refund,
      handle: (call, claim) => refund(call, keyOf(claim), options),
    },
    {
      ...post,
      path: `${path}/records`,
      operation: operations.record,
      handle: (call, claim) => record(call, keyOf(claim), options),
    },
    {
      method: 'POST',
      scope: 'payments:write',
      idempotent: true,
      path: `${path}/sync`,
      operation: operations.sync,
      handle: call => sync(call, options),
    },
  ]
}

/** The router has refused a request without a key. */
function keyOf(claim: Claim | undefined): Claim {
  if (claim === undefined) throw new AppError('IDEMPOTENCY_KEY_REQUIRED', 'what moves money needs an Idempotency-Key')
  return claim
}

async function begin(call: Call, claim: Claim, options: Options): Promise<Response> {
  const orderUid = call.params.id ?? ''
  const {
    provider,
    method_token: methodToken,
    amount,
    capture = 'automatic',
    return_url: returnUrl,
    actor = actorDefault,
  } = await readPayment(call.request)
  if (!orderUidForm.test(orderUid)) throw notFound(orderUid)
  const { paymentId, operationId } = paymentIdsOf(claim)
  const input = { paymentId, operationId, provider, methodToken, amount, capture, returnUrl, actor }
  return carryOut(call, options, {
    ...{ orderUid, operationId, claim, actor },
    decide: (before, context) => decideBegin(before, input, context),
    answer: after => answerWith(after, paymentId, options, 201),
  })
}

async function capture(call: Call, claim: Claim, options: Options): Promise<Response> {
  const { amount, final = false, reason = '', actor = actorDefault } = await readCapture(call.request)
  return operate(call, claim, options, actor, (before, context, ids) =>
    decideOperate(before, { ...ids, kind: 'capture', amount, isFinal: final, reason, actor }, context),
  )
}

async function release(call: Call, claim: Claim, options: Options): Promise<Response> {
  const { reason = '', actor = actorDefault } = await readVoid(call.request)
  return operate(call, claim, options, actor, (before, context, ids) =>
    decideOperate(before, { ...ids, kind: 'void', reason, actor }, context),
  )
}

async function refund(call: Call, claim: Claim, options: Options): Promise<Response> {
  const { amount, rids = [], reason = '', actor = actorDefault } = await readRefund(call.request)
  await checkItems(call, options, rids)
  return operate(call, claim, options, actor, (before, context, ids) =>
    decideOperate(before, { ...ids, kind: 'refund', amount, reason, actor, rids }, context),
  )
}

async function record(call: Call, claim: Claim, options: Options): Promise<Response> {
  const { kind, amount, reference, rids = [], reason = '', actor = actorDefault } = await readRecord(call.request)
  await checkItems(call, options, rids)
  return operate(call, claim, options, actor, (before, context, ids) =>
    decideRecord(before, { ...ids, kind, amount, reference, reason, actor, rids }, context),
  )
}

type Ids = Readonly<{ paymentId: string; operationId: string }>

/** Carries out something about a payment that is there. */
async function operate(
  call: Call,
  claim: Claim,
  options: Options,
  actor: string,
  decide: (before: OrderPayments, context: DecisionContext, ids: Ids) => Decision,
): Promise<Response> {
  const paymentId = call.params.id ?? ''
  const orderUid = await orderOf(call, options)
  const operationId = idOf('op', claim)
  return carryOut(call, options, {
    ...{ orderUid, operationId, claim, actor },
    decide(before, context) {
      if (!before.payments.some(payment => payment.paymentId === paymentId)) throw paymentNotFound(paymentId)
      return decide(before, context, { paymentId, operationId })
    },
    answer: after => answerWith(after, paymentId, options, 200),
  })
}

async function carryOut(
  call: Call,
  { commands }: Options,
  request: Omit<MoneyRequest, 'traceparent'>,
): Promise<Response> {
  return toResponse(await commands.carryOut({ ...request, traceparent: traceOf(call.request) }))
}

async function sync(call: Call, options: Options): Promise<Response> {
  const paymentId = call.params.id ?? ''
  const after = await options.commands.sync(await orderOf(call, options), paymentId)
  if (after === undefined) throw paymentNotFound(paymentId)
  return toResponse(answerWith(after, paymentId, options, 200))
}

/** The order of the payment that a call names. @throws AppError PAYMENT_NOT_FOUND */
async function orderOf(call: Call, { pool }: Options): Promise<string> {
  const paymentId = call.params.id ?? ''
  if (!orderUidForm.test(paymentId)) throw paymentNotFound(paymentId)
  const orderUid = await findOrderOf(pool, paymentId)
  if (orderUid !== undefined) return orderUid
  // The payment that an order arrived with has the order's id, and no row before money moves on it.
  if ((await findOrder(pool, paymentId)) === undefined) throw paymentNotFound(paymentId)
  return paymentId
}

/** @throws AppError PAYMENT_INVALID for an item that the order does not have, CARD_DATA_REFUSED for a card number in its place */
async function checkItems(call: Call, options: Options, rids: readonly string[]): Promise<void> {
  if (rids.length === 0) return
  const order = await findOrder(options.pool, await orderOf(call, options))
  const { items } = JSON.parse(order?.document ?? '{"items":[]}') as { items: { rid: string }[] }
  const known = new Set(items.map(({ rid }) => rid))
  const unknown = rids.flatMap((rid, index) => (known.has(rid) ? [] : [[`/rids/${index}`, rid] as const]))
  refuseCardNumbers(unknown)
  const violations = unknown.map(([pointer]) => ({ pointer, detail: 'must be the rid of an item of the order' }))
  if (violations.length > 0) throw new AppError('PAYMENT_INVALID', 'the order has no such item', { violations })
}

function answerWith(
  after: OrderPayments,
  paymentId: string,
  { providers }: Options,
  status: 200 | 201,
): StoredResponse {
  const payment = after.payments.find(({ paymentId: id }) => id === paymentId)
  if (payment === undefined) throw paymentNotFound(paymentId)
  const operations = after.operations.filter(operation => operation.paymentId === paymentId)
  const view = presentPayment({ payment, operations, orderStatus: after.order.state.status }, providers)
  // Relative to /api/orders/:id/payments.
  const location: Record<string, string> = status === 201 ? { location: `../../payments/${paymentId}` } : {}
  return { status, headers: { 'content-type': 'application/json', ...location }, body: JSON.stringify(view) }
}
