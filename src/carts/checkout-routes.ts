import { AppError } from '../errors.ts'
import { type CarryOut, refusalOf } from '../orders/commands.ts'
import type { OrderPayments } from '../payments/changes.ts'
import { isOpen } from '../payments/payment.ts'
import { presentPayment } from '../payments/presentation.ts'
import { roomOf, totalsOf } from '../payments/totals.ts'
import type { Call, Route } from '../platform/http.ts'
import { traceOf } from '../platform/traceparent.ts'
import { type Cart, cartTokenPrefix, orderUidOf } from './cart.ts'
import { type CheckoutOptions, paymentOf, press } from './checkout.ts'
import { cartOperations } from './operations.ts'
import type { CartMetrics } from './metrics.ts'
import { cartIdOf, cartNotFound, openedBy, ownerOf } from './owner.ts'
import { type CheckoutRequest, readCancellation } from './requests.ts'

type Options = CheckoutOptions &
  Readonly<{
    metrics: Pick<CartMetrics, 'pressed'>
    /** Reads an order as it is stored, as JSON; undefined when it is not there. */
    readOrder: (orderUid: string) => Promise<string | undefined>
    carryOut: CarryOut
  }>

/** How many payments of one cart may fail, so that stolen cards cannot be tried out through it. */
const paymentsMax = 20

/** A cart becomes an order. */
export function checkoutRoutes(options: Options): Route[] {
  return [
    {
      ...{ method: 'POST', path: '/api/carts/:id/checkout', scope: 'carts:write', tokenPrefix: cartTokenPrefix },
      idempotent: true,
      operation: cartOperations.checkout,
      handle: call => checkOut(call, options),
    },
    {
      ...{ method: 'GET', path: '/api/carts/:id/order', scope: 'carts:write', tokenPrefix: cartTokenPrefix },
      operation: cartOperations.order,
      handle: call => showOrder(call, options),
    },
    {
      ...{ method: 'POST', path: '/api/carts/:id/order/cancel', scope: 'carts:write', tokenPrefix: cartTokenPrefix },
      idempotent: true,
      operation: cartOperations.cancelOrder,
      handle: call => cancelOrder(call, options),
    },
  ]
}

async function checkOut(call: Call, options: Options): Promise<Response> {
  const pressed = await options.metrics.pressed(press(call, options))
  const { cart } = pressed
  if (pressed.kind === 'placed') return answer(cart, pressed.after, 201, options)
  const before = await options.payments.checkout.read(orderUidOf(cart.cartId))
  return answer(cart, await payAgain(before, pressed.request, traceOf(call.request), options), 200, options)
}

/** Shows the order that a cart became to who has the cart's token. */
async function showOrder(call: Call, options: Options): Promise<Response> {
  const { cart, orderUid } = await openOrder(call, options.read)
  return answer(cart, await options.payments.checkout.read(orderUid), 200, options)
}

/** The order of a cart, for who has the cart's token. @throws AppError CART_NOT_FOUND, ORDER_NOT_FOUND */
export async function openOrder(
  call: Call,
  read: CheckoutOptions['read'],
): Promise<Readonly<{ cart: Cart; orderUid: string }>> {
  const found = await read(cartIdOf(call))
  if (found === undefined) throw cartNotFound()
  const cart = openedBy(ownerOf(call.request), found.cart)
  if (cart.orderUid === undefined) throw new AppError('ORDER_NOT_FOUND', 'the cart has not become an order')
  return { cart, orderUid: cart.orderUid }
}

/** Cancels the order of a cart for its buyer, unless something of it has left: that comes back by a return. */
async function cancelOrder(call: Call, options: Options): Promise<Response> {
  const { reason = '' } = await readCancellation(call.request)
  const { cart, orderUid } = await openOrder(call, options.read)
  const result = await options.carryOut({
    ...{ orderUid, command: 'cancel', reason, actor: 'buyer', traceparent: traceOf(call.request) },
    mayBe: ({ deliveryStatus }) => {
      if (deliveryStatus !== 'unfulfilled')
        throw new AppError('ORDER_SHIPPED', 'something of the order has left, and can be returned')
    },
  })
  if (result.kind !== 'done') throw refusalOf(result, 'cancel', orderUid)
  return answer(cart, await options.payments.checkout.read(orderUid), 200, options)
}

/** Begins another payment of an order whose payments have failed. */
async function payAgain(
  before: OrderPayments | undefined,
  request: CheckoutRequest,
  traceparent: string | undefined,
  { payments: { checkout } }: Options,
): Promise<OrderPayments | undefined> {
  if (before === undefined || isUnderWay(before))
    throw new AppError('CHECKOUT_IN_PROGRESS', 'the payment is being asked for')
  const { order, payments, isSold } = before
  const input = paymentOf(order.orderUid, request, payments.length)
  const room = roomOf(totalsOf(order, payments, isSold))
  if (input === undefined || room < order.amount || order.state.status !== 'pending') return before
  if (request.expected_total !== order.amount) {
    const members = { total: order.amount }
    throw new AppError('CART_CHANGED', `the order has an amount of ${order.amount}`, { members })
  }
  if (payments.length >= paymentsMax)
    throw new AppError('PAYMENT_STATE_REFUSED', `${payments.length} payments of the order have failed`)
  return checkout.payAgain(order.orderUid, input, traceparent)
}

/** Whether somebody waits for the provider's answer at this moment. What waits for the payer, or is being found out, is answered. */
function isUnderWay({ payments, operations }: OrderPayments): boolean {
  const asked = new Set(payments.flatMap(({ state, paymentId }) => (state === 'processing' ? paymentId : [])))
  return operations.some(one => isOpen(one) && one.state !== 'unknown' && asked.has(one.paymentId))
}

async function answer(
  cart: Cart,
  after: OrderPayments | undefined,
  status: 200 | 201,
  { readOrder, payments: { rules } }: Options,
): Promise<Response> {
  const orderUid = orderUidOf(cart.cartId)
  const order = await readOrder(orderUid)
  if (order === undefined) throw new AppError('CHECKOUT_IN_PROGRESS', 'the order is being placed')
  const payment = after?.payments.at(-1)
  const operations = after?.operations.filter(({ paymentId }) => paymentId === payment?.paymentId) ?? []
  const orderStatus = after?.order.state.status
  const view = payment && orderStatus && presentPayment({ payment, operations, orderStatus }, rules.providers)
  // Relative to /api/carts/:id/checkout.
  const location: Record<string, string> = status === 201 ? { location: `../../orders/${orderUid}` } : {}
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store', ...location }
  return new Response(`{"order":${order},"payment":${JSON.stringify(view ?? null)}}`, { status, headers })
}
