import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError, type Violation } from '../errors.ts'
import type { Intake } from '../orders/intake.ts'
import type { ValidOrder } from '../orders/new-order.ts'
import { errorOf, isStored } from '../orders/placement.ts'
import { inTrace, readOrder } from '../orders/validate.ts'
import type { OrderPayments, PaymentRules } from '../payments/changes.ts'
import type { CheckoutCommands } from '../payments/checkout-commands.ts'
import { openPayment, type OpeningPayment, withOpeningPayment } from '../payments/checkout-part.ts'
import { contextAt } from '../payments/commands.ts'
import type { BeginInput } from '../payments/decide-begin.ts'
import type { Call } from '../platform/http.ts'
import { traceOf } from '../platform/traceparent.ts'
import { type Cart, changedCart, orderUidOf, recorded } from './cart.ts'
import { cartCheckout } from './checkout-part.ts'
import type { LimitedUnits } from './customer-units.ts'
import { missingFor } from './completeness.ts'
import { cartEvents, customerData, eventOf, sizeData } from './events.ts'
import { buyerOf, type Facts } from './facts.ts'
import { inCart, toOrderDocument } from './order-document.ts'
import { cartIdOf, cartNotFound, openedBy, ownerOf, stillOpen, versionCheckOf } from './owner.ts'
import { present, price, type PricedCart } from './priced-cart.ts'
import type { CartReader, ReadCart } from './reader.ts'
import type { ItemStamps, RecallCart } from './recall.ts'
import { type CheckoutRequest, readCheckout } from './requests.ts'

export type CheckoutOptions = Readonly<{
  read: CartReader
  recall: RecallCart
  /** Called with the id of a cart that became an order, after the commit. */
  onPlaced: (cartId: string) => void
  intake: Pick<Intake, 'submit'>
  payments: Readonly<{ checkout: CheckoutCommands; rules: PaymentRules }>
  /** Counts what became of the orders. */
  count: (outcome: string) => void
  now: () => number
}>

/** What a press of the button has come to. */
export type Pressed =
  /** The order was placed by it, and its payment asked for: `after` has what came of that; undefined where none was asked for. */
  | Readonly<{ kind: 'placed'; cart: Cart; after: OrderPayments | undefined }>
  /** It was placed by one before. */
  | Readonly<{ kind: 'placed before'; cart: Cart; request: CheckoutRequest }>

/** How often a checkout that meets another transaction begins again, and after how long. */
const attemptsMax = 8
const pauseMs = 10

/** When the worker looks after a checkout that nobody has finished. */
const lookAfterMs = 60_000

/**
 * Makes an order of the cart that a call names. One transaction of the intake places the order, takes its stock, uses up its codes and
 * stores its payment's operation; then the provider is asked.
 *
 * @throws AppError CART_INCOMPLETE, CART_CHANGED with the cart as it is now, CHECKOUT_IN_PROGRESS, CART_STATE_REFUSED, OUT_OF_STOCK, the
 *   codes of a refused payment, and as `Intake.submit` does
 */
export async function press(call: Call, options: CheckoutOptions): Promise<Pressed> {
  const [cartId, owner, checkVersion] = [cartIdOf(call), ownerOf(call.request), versionCheckOf(call.request)]
  const request = await readCheckout(call.request)
  const prepareAll = (found: ReadCart) => {
    const opened = openedBy(owner, found.cart)
    checkVersion(stillOpen(opened))
    return prepare(found, request, traceOf(call.request), options)
  }
  const recalled = options.recall(cartId)
  const prepared = recalled && unlessRefused(() => prepareAll(recalled))
  const placed = prepared && (await place(prepared, options))
  if (placed !== undefined) return { kind: 'placed', ...placed }
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    if (attempt > 1) await sleep(pauseMs * attempt)
    const found = await options.read(cartId)
    if (found === undefined) throw cartNotFound()
    const cart = openedBy(owner, found.cart)
    if (cart.orderUid !== undefined) return { kind: 'placed before', cart, request }
    const placed = await place(prepareAll(found), options)
    if (placed !== undefined) return { kind: 'placed', ...placed }
  }
  throw new AppError('CHECKOUT_IN_PROGRESS', 'another transaction has the cart')
}

/** @returns undefined when it is refused: that is to be decided by what is stored */
function unlessRefused<Result>(decide: () => Result): Result | undefined {
  try {
    return decide()
  } catch (error) {
    if (error instanceof AppError) return undefined
    throw error
  }
}

function check(priced: PricedCart, { expected_total: expected }: CheckoutRequest, missing: readonly Violation[]): void {
  if (missing.length > 0) throw incomplete(missing)
  const { total } = priced.pricing
  if (total !== expected) {
    const members = { total, cart: present(priced) }
    throw new AppError('CART_CHANGED', `the total is ${total}, and ${expected} was expected`, { members })
  }
}

function incomplete(violations: readonly Violation[]): AppError {
  return new AppError('CART_INCOMPLETE', 'the cart is not ready for the checkout', { violations })
}

/** An order that is made of a cart, ready to be submitted, and the payment that it is placed with. */
type PreparedOrder = Readonly<{ cart: Cart; order: ValidOrder; opened: OpeningPayment | undefined }>

/** Makes the order of an open cart. Pure, time aside. @throws AppError with what is in the way */
function prepare(
  { cart, facts, nowMs: readAtMs, itemStamps }: ReadCart & Readonly<{ itemStamps?: ItemStamps }>,
  request: CheckoutRequest,
  traceparent: string | undefined,
  { payments, now }: Pick<CheckoutOptions, 'payments' | 'now'>,
): PreparedOrder {
  const priced = price(cart, facts, readAtMs)
  check(priced, request, missingFor(priced, facts, readAtMs))
  const nowMs = now()
  const placing = orderOf(priced, request, nowMs, traceparent)
  const order = withCart(placing, { priced, facts, itemStamps }, nowMs, traceparent)
  const opened = open(priced.pricing, cart, request, contextAt(payments.rules, nowMs, traceparent))
  return { cart, order, opened }
}

/** @returns undefined when the cart has changed meanwhile, or became an order by another press */
async function place(
  { cart, order, opened }: PreparedOrder,
  { intake, payments, count, onPlaced }: CheckoutOptions,
): Promise<{ cart: Cart; after: OrderPayments | undefined } | undefined> {
  const outcome = await intake.submit(opened === undefined ? order : withOpeningPayment(order, opened))
  count(isStored(outcome) ? outcome.kind : errorOf(outcome, order.orderUid).code)
  if (outcome.kind === 'placed') {
    onPlaced(cart.cartId)
    return { cart, after: opened === undefined ? undefined : await payments.checkout.send(opened) }
  }
  const isMetAgain = outcome.kind === 'duplicate' || outcome.kind === 'conflict'
  if (isMetAgain || (outcome.kind === 'rejected' && outcome.code === 'CART_CHANGED')) return undefined
  if (outcome.kind !== 'rejected') throw errorOf(outcome, order.orderUid)
  const { code, detail, violations = [] } = outcome
  throw new AppError(code, detail, { violations: inCart(violations, cart.lines) })
}

function orderOf(
  { cart, pricing }: PricedCart,
  { payment }: CheckoutRequest,
  nowMs: number,
  traceparent: string | undefined,
): ValidOrder {
  const { name = '', phone = '', zip = '', city = '', address = '', region = '', country = '' } = cart.delivery ?? {}
  const email = cart.delivery?.email ?? cart.email ?? ''
  const document = toOrderDocument(pricing, {
    orderUid: orderUidOf(cart.cartId),
    createdAt: new Date(nowMs).toISOString(),
    customerId: cart.customerId ?? '',
    delivery: { name, phone, zip, city, address, region, email, country },
    provider: payment?.provider ?? '',
    deliveryService: cart.deliveryMethod ?? '',
    locale: 'en',
  })
  const { note, metadata } = cart
  const kept = { ...(note === undefined ? {} : { note }), ...(metadata === undefined ? {} : { metadata }) }
  const reading = readOrder(Buffer.from(JSON.stringify({ ...document, ...kept })))
  if (reading.kind === 'refused') throw incomplete(inCart(reading.violations, cart.lines))
  return inTrace(reading.order, traceparent)
}

type PricedWithFacts = Readonly<{
  priced: PricedCart
  facts: Pick<Facts, 'items'>
  itemStamps: ItemStamps | undefined
}>

/** The order with the cart that it is made of, as the placement needs it. */
function withCart(
  order: ValidOrder,
  { priced: { cart, pricing }, facts, itemStamps }: PricedWithFacts,
  nowMs: number,
  traceparent: string | undefined,
): ValidOrder {
  const isDecided = pricing.total === 0
  const change = {
    state: isDecided ? 'checked_out' : 'checking_out',
    orderUid: order.orderUid,
    nextLookAtMs: isDecided ? undefined : nowMs + lookAfterMs,
  } as const
  const after = recorded(changedCart(cart, change, nowMs), nowMs)
  // A code that takes nothing off is not used up.
  const codes = pricing.discounts.flatMap(({ code, amount }) => (amount > 0 ? code : []))
  const data = { ...customerData(after), ...sizeData(after), total: pricing.total, discount_codes: codes }
  const event = eventOf(after, cartEvents.checkedOut, data, traceparent)
  const isLimited = cart.lines.some(({ chrtId }) => facts.items.get(chrtId)?.maxPerCustomer !== undefined)
  const buyer = (codes.length > 0 || isLimited ? buyerOf(cart) : undefined) ?? ''
  const limited = cart.lines.flatMap(({ chrtId, quantity: units }): LimitedUnits[] => {
    const most = facts.items.get(chrtId)?.maxPerCustomer
    return most === undefined ? [] : [{ orderUid: order.orderUid, customer: buyer, chrtId, units, most }]
  })
  return cartCheckout.to(order, { before: cart, after, codes, buyer, limited, event, itemStamps })
}

function open(
  { total, currency }: PricedCart['pricing'],
  { cartId }: Cart,
  request: CheckoutRequest,
  context: Parameters<typeof openPayment>[2],
): OpeningPayment | undefined {
  const orderUid = orderUidOf(cartId)
  const input = paymentOf(orderUid, request, 0)
  // Nothing is to be paid of an order of 0.
  if (input === undefined || total === 0) return undefined
  const opened = openPayment({ orderUid, currency, amount: total }, input, context)
  if (opened.kind === 'refused') throw new AppError(opened.code, opened.detail)
  return opened
}

/**
 * The payment that a press asks for. Its ids follow from the order and from how many payments there were: of presses at the same time all
 * but one find it begun.
 */
export function paymentOf(orderUid: string, { payment }: CheckoutRequest, earlier: number): BeginInput | undefined {
  if (payment === undefined) return undefined
  const id = createHash('sha256').update(`${orderUid} ${earlier}`).digest('hex').slice(0, 24)
  return {
    paymentId: `pay_${id}`,
    operationId: `op_${id}`,
    provider: payment.provider,
    amount: undefined,
    capture: 'automatic',
    methodToken: payment.method_token,
    returnUrl: payment.return_url,
    actor: 'checkout',
  }
}
