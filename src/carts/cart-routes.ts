import { AppError } from '../errors.ts'
import type { Call, Route } from '../platform/http.ts'
import { toResponse } from '../platform/idempotency/idempotency.ts'
import type { Claim, StoredResponse } from '../platform/idempotency/queries.ts'
import { linkToNext } from '../platform/links.ts'
import type { Pool } from '../platform/postgres.ts'
import { traceOf } from '../platform/traceparent.ts'
import { encodeTimedCursor } from '../platform/timed-cursor.ts'
import { type Cart, cartIdForm, cartTokenPrefix, hashOfToken, newCart, newCartId, newCartToken } from './cart.ts'
import { patchCart, putLine, removeLine } from './changes.ts'
import { cartEvents, customerData, eventOf } from './events.ts'
import type { Facts, WantedFacts } from './facts.ts'
import { listCarts, readListQuery } from './list.ts'
import { mergeCarts } from './merge.ts'
import { cartOperations as operations } from './operations.ts'
import { cartIdOf, cartNotFound, openedBy, ownerOf, stillOpen, versionCheckOf } from './owner.ts'
import { present, presentListed, price, type PricedCart } from './priced-cart.ts'
import type { CartReader } from './reader.ts'
import { readLine, readMerge, readNewCart, readPatch } from './requests.ts'
import type { CartWarning } from './views.ts'
import type { CartDecision, CartWriter } from './writer.ts'

export type CartRoutesOptions = Readonly<{
  writer: CartWriter
  read: CartReader
  lists: Pool
  now: () => number
  /** How long a cart is left alone before it counts as abandoned. */
  abandonedAfterMs: number
}>

/** Carts: created, read, changed, merged and listed. */
export function cartRoutes(options: CartRoutesOptions): Route[] {
  const own = { scope: 'carts:write', tokenPrefix: cartTokenPrefix, path: '/api/carts/:id' } as const
  const line = { ...own, path: '/api/carts/:id/lines/:chrt_id' } as const
  return [
    {
      ...{ method: 'POST', scope: 'carts:write', path: '/api/carts', idempotent: true, operation: operations.create },
      handle: (call, claim) => create(call, claim, options),
    },
    {
      ...{ method: 'GET', scope: 'carts:write', path: '/api/carts', operation: operations.list },
      handle: call => list(call, options),
    },
    { ...own, method: 'GET', operation: operations.get, handle: call => get(call, options) },
    { ...own, method: 'PATCH', operation: operations.change, handle: call => patch(call, options) },
    { ...line, method: 'PUT', operation: operations.putLine, handle: call => put(call, options) },
    { ...line, method: 'DELETE', operation: operations.removeLine, handle: call => remove(call, options) },
    {
      ...{ ...own, method: 'POST', path: '/api/carts/:id/merge', idempotent: true, operation: operations.merge },
      handle: call => merge(call, options),
    },
  ]
}

async function create(call: Call, claim: Claim | undefined, options: CartRoutesOptions): Promise<Response> {
  const { currency, customer_id: customerId } = await readNewCart(call.request, options.now())
  return createCart({ currency, customerId }, traceOf(call.request), options, claim)
}

/**
 * Creates a cart.
 *
 * @param claim of the request's Idempotency-Key, if it has one
 * @returns the answer with the cart and its token
 */
export async function createCart(
  owned: Pick<Cart, 'currency' | 'customerId'>,
  traceparent: string | undefined,
  { writer, abandonedAfterMs }: Pick<CartRoutesOptions, 'writer' | 'abandonedAfterMs'>,
  claim?: Claim,
): Promise<Response> {
  const [cartId, token] = [newCartId(), newCartToken()]
  const made = { ...owned, cartId, tokenHash: hashOfToken(token) }
  const priced = await writer.add({
    cartId,
    make(facts, nowMs) {
      const cart = newCart(made, nowMs, abandonedAfterMs)
      const priced = price(cart, facts, nowMs)
      const event = eventOf(cart, cartEvents.created, customerData(cart), traceparent)
      // Of a token only the hash is ever stored, so the answer that is kept for a repetition has none.
      const keep = claim && { claim, answer: answerToCreated(priced, null) }
      return { result: priced, cart, event, keep }
    },
  })
  if (claim !== undefined) claim.isKept = true
  return toResponse(answerToCreated(priced, token))
}

/** `Location` is relative to /api/carts. */
function answerToCreated(priced: PricedCart, token: string | null): StoredResponse {
  const { cartId, version } = priced.cart
  const headers = { ...headersOf(version), location: `carts/${cartId}` }
  return { status: 201, headers, body: JSON.stringify({ ...present(priced), cart_token: token }) }
}

/** A price may change while the version does not, so nothing is cached: the tag is for If-Match. */
function headersOf(version: number) {
  return { 'content-type': 'application/json', 'cache-control': 'no-store', etag: `"${version}"` }
}

export function answerWithCart(priced: PricedCart): Response {
  return new Response(JSON.stringify(present(priced)), { headers: headersOf(priced.cart.version) })
}

async function get(call: Call, { read }: CartRoutesOptions): Promise<Response> {
  const found = await read(cartIdOf(call))
  if (found === undefined) throw cartNotFound()
  return answerWithCart(price(openedBy(ownerOf(call.request), found.cart), found.facts, found.nowMs))
}

/** Changes the open cart that a call names. */
async function changeCart(
  call: Call,
  { writer }: CartRoutesOptions,
  wants: WantedFacts,
  decide: (cart: Cart, facts: Facts, nowMs: number) => Cart,
): Promise<Response> {
  const owner = ownerOf(call.request)
  const checkVersion = versionCheckOf(call.request)
  const priced = await writer.change({
    cartIds: [cartIdOf(call)],
    wants,
    decide([before], facts, nowMs): CartDecision<PricedCart> {
      const opened = openedBy(owner, before)
      checkVersion(opened)
      const cart = decide(stillOpen(opened), facts, nowMs)
      return { result: price(cart, facts, nowMs), changed: cart === before ? [] : [cart] }
    },
  })
  return answerWithCart(priced)
}

/** @throws AppError REQUEST_INVALID for what is no number of an item */
function chrtIdOf({ params }: Call): number {
  const chrtId = Number(params.chrt_id)
  if (/^\d{1,16}$/.test(params.chrt_id ?? '') && Number.isSafeInteger(chrtId)) return chrtId
  const violations = [{ pointer: '/chrt_id', detail: 'must be a whole number, the chrt_id of an item' }]
  throw new AppError('REQUEST_INVALID', 'the path does not name an item', { violations })
}

async function put(call: Call, options: CartRoutesOptions): Promise<Response> {
  const chrtId = chrtIdOf(call)
  const { quantity } = await readLine(call.request)
  return changeCart(call, options, { chrtIds: [chrtId] }, (cart, facts, nowMs) =>
    putLine(cart, { chrtId, quantity }, facts, nowMs),
  )
}

function remove(call: Call, options: CartRoutesOptions): Promise<Response> {
  const chrtId = chrtIdOf(call)
  return changeCart(call, options, {}, (cart, _, nowMs) => removeLine(cart, chrtId, nowMs))
}

async function patch(call: Call, options: CartRoutesOptions): Promise<Response> {
  const change = await readPatch(call.request)
  // Whose uses of codes count depends on what the cart has already: on the customer, or else on the email address.
  const [customerId, email] = [change.customer_id ?? undefined, change.email ?? change.delivery?.email ?? undefined]
  const buyers = [
    { customerId, email: undefined, delivery: undefined },
    { customerId: undefined, email, delivery: undefined },
  ]
  const wants = { codes: change.discount_codes ?? [], buyers }
  return changeCart(call, options, wants, (cart, _, nowMs) => patchCart(cart, change, nowMs))
}

async function merge(call: Call, { writer }: CartRoutesOptions): Promise<Response> {
  const { from: fromId, from_token: fromToken, rule } = await readMerge(call.request)
  const intoId = cartIdOf(call)
  if (!cartIdForm.test(fromId)) throw cartNotFound()
  if (fromId === intoId) {
    const violations = [{ pointer: '/from', detail: 'must be another cart' }]
    throw new AppError('REQUEST_INVALID', 'a cart cannot be merged into itself', { violations })
  }
  const owner = ownerOf(call.request)
  // Who has a cart's token only must show that of the other one too.
  const ownerOfFrom = owner.tokenHash === undefined ? owner : { tokenHash: hashOfToken(fromToken ?? '') }
  const checkVersion = versionCheckOf(call.request)
  const traceparent = traceOf(call.request)
  const priced = await writer.change({
    cartIds: [intoId, fromId],
    decide([one, other], facts, nowMs): CartDecision<PricedCart> {
      const [into, from] = [openedBy(owner, one), openedBy(ownerOfFrom, other)]
      if (from.state === 'merged' && from.mergedInto === intoId) return { result: price(into, facts, nowMs) }
      checkVersion(into)
      const merged = mergeCarts(stillOpen(into), stillOpen(from), rule, facts, nowMs)
      const events = [eventOf(merged.from, cartEvents.merged, { into: intoId, rule }, traceparent)]
      const result = price(merged.into, facts, nowMs, warningsOf(merged.into, merged.limited))
      return { result, changed: [merged.into, merged.from], events }
    },
  })
  return answerWithCart(priced)
}

function warningsOf({ lines }: Cart, limited: readonly number[]): CartWarning[] {
  return limited.map(chrtId => {
    const index = lines.findIndex(line => line.chrtId === chrtId)
    const pointer = index < 0 ? '/lines' : `/lines/${index}`
    return { code: 'quantity_limited', pointer, detail: `less of the item ${chrtId} was taken over than there was` }
  })
}

async function list(call: Call, { lists }: CartRoutesOptions): Promise<Response> {
  const { url } = call.request
  const { filter, after, limit } = readListQuery(new URL(url).searchParams)
  const { carts, next } = await listCarts(lists, filter, after, limit)
  return Response.json(carts.map(presentListed), {
    headers: next === undefined ? {} : { link: linkToNext(url, encodeTimedCursor(next)) },
  })
}
