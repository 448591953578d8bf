import { isUtf8 } from 'node:buffer'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import type { Violation } from '../errors.ts'
import type { KeptAnswer } from '../platform/idempotency/queries.ts'
import { checkArithmetic } from './arithmetic.ts'
import { fieldCounts, itemsMax, type OrderDocument, orderDocument, orderUidForm, serviceFields } from './document.ts'
import { instantOf } from './instant.ts'
import { checkValues } from './json-values.ts'
import { readPlainForm } from './plain-form.ts'
import type { NewOrder } from './queries.ts'
import { describe, expectedAt } from './violations.ts'

/** The largest document that is read, in bytes. */
export const documentSizeBytesMax = 1024 * 1024

/** An answer lists at most so many violations: a bad document of a megabyte could have a hundred thousand. */
export const violationsMax = 1000

/**
 * An order that keeps the contract: its document as text, and of its content only what it is stored and found by. Thousands
 * wait at a time, and parsed documents would take three times the memory.
 */
export type ValidOrder = {
  orderUid: string
  /** The document as compact JSON: what is stored, sent on and returned. */
  json: string
  customerId: string
  trackNumber: string
  currency: string
  /** In the currency's minor unit. */
  amount: number
  isPaid: boolean
  /** `date_created` in milliseconds since 1970. */
  createdAtMs: number
  lines: readonly OrderLine[]
  /** The trace that it came in with (W3C Trace Context): no part of the order, but its event carries it on. */
  traceparent?: string
  /** The answer to its request, kept by the transaction that places it. */
  keepAnswer?: (placed: NewOrder) => KeptAnswer
}

/** What of a line is stored as numbers; its texts are in the document. Amounts in the currency's minor unit. */
export type OrderLine = { chrtId: number; nmId: number; price: number; sale: number; totalPrice: number }

export type Reading =
  | { kind: 'order'; order: ValidOrder }
  /** `orderUid`: what the document says it is, where it has a uid of the right form. */
  | { kind: 'refused'; violations: Violation[]; orderUid?: string | undefined }

// The library stops after eight errors unless told otherwise; one more than we list tells us that there were more.
Settings.Set({ maxErrors: violationsMax + 1 })
const contract = Compile(orderDocument)

/** What the runtime's locale data knows; XXX and XTS are codes for "no currency" and "test". */
export const currencies: ReadonlySet<string> = new Set(
  Intl.supportedValuesOf('currency').filter(code => code !== 'XXX' && code !== 'XTS'),
)

/**
 * Reads an order from the bytes of a message or a body.
 *
 * @returns the order, or every rule of the contract that it breaks (at most `violationsMax`), each with where and what
 *   was expected. Never throws for bad input.
 */
export function readOrder(bytes: Uint8Array): Reading {
  if (bytes.byteLength > documentSizeBytesMax) {
    return refuse('', `must be at most ${documentSizeBytesMax} bytes, and is ${bytes.byteLength}`)
  }
  if (!isUtf8(bytes)) return refuse('', 'must be UTF-8')
  // Some programs begin a text with a byte order mark; RFC 8259 allows to pass over it.
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start).toString('utf8')
  const plain = readPlainForm(text, currencies)
  if (plain !== undefined) return { kind: 'order', order: plain }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('', text.trim() === '' ? 'must be a JSON document, and is empty' : 'must be well-formed JSON')
  }
  return validateOrder(value, text.includes('\\u'))
}

/**
 * Checks a parsed document against the whole contract.
 *
 * @param value what `JSON.parse` returned
 * @param mayHoldBadText false when the text it was parsed from has no `\u` escape: then no string in it can hold a NUL
 *   or half a surrogate pair, and they need not be looked through
 */
export function validateOrder(value: unknown, mayHoldBadText = true): Reading {
  if (contract.Check(value)) {
    const createdAtMs = instantOf(value.date_created)
    if (createdAtMs !== undefined && currencies.has(value.payment.currency)) {
      const violations = checkArithmetic(value)
      if (mayHoldBadText || hasUnknownFields(value))
        violations.push(...checkValues(value), ...checkServiceFields(value))
      if (violations.length > 0) return { kind: 'refused', violations: bounded(violations), orderUid: value.order_uid }
      return { kind: 'order', order: toValidOrder(value, createdAtMs) }
    }
  }
  return { kind: 'refused', violations: bounded(everyViolation(value)), orderUid: uidOf(value) }
}

function uidOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('order_uid' in value)) return undefined
  const { order_uid: uid } = value
  return typeof uid === 'string' && orderUidForm.test(uid) ? uid : undefined
}

function toValidOrder(document: OrderDocument, createdAtMs: number): ValidOrder {
  const { payment } = document
  return {
    orderUid: document.order_uid,
    json: JSON.stringify(document),
    customerId: document.customer_id,
    trackNumber: document.track_number,
    currency: payment.currency,
    amount: payment.amount,
    isPaid: payment.payment_dt > 0,
    createdAtMs,
    lines: document.items.map(item => ({
      chrtId: item.chrt_id,
      nmId: item.nm_id,
      price: item.price,
      sale: item.sale,
      totalPrice: item.total_price,
    })),
  }
}

/** The order as one that came in with a trace. */
export function inTrace(order: ValidOrder, traceparent: string | undefined): ValidOrder {
  return traceparent === undefined ? order : { ...order, traceparent }
}

function everyViolation(value: unknown): Violation[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return describe(contract.Errors(value))
  const { items } = value as { items?: unknown }
  // A megabyte holds 300,000 empty items; saying what each of them lacks would keep everybody else waiting.
  if (Array.isArray(items) && items.length > itemsMax) {
    const tooMany = { pointer: '/items', detail: `must have at most ${itemsMax} items, and has ${items.length}` }
    return [tooMany, ...everyViolation({ ...value, items: items.slice(0, itemsMax) })]
  }
  const violations = describe(contract.Errors(value))
  const listed = new Set(violations.map(violation => violation.pointer))
  const add = (more: Violation[]) => violations.push(...more.filter(violation => !listed.has(violation.pointer)))
  const { payment, date_created: created } = value as {
    payment?: { currency?: unknown } | null
    date_created?: unknown
  }
  if (typeof created === 'string' && instantOf(created) === undefined) add([expectedAt('/date_created')])
  const currency = payment?.currency
  if (typeof currency === 'string' && !currencies.has(currency)) add([expectedAt('/payment/currency')])
  add([...checkArithmetic(value), ...checkServiceFields(value), ...checkValues(value)])
  return violations
}

function hasUnknownFields(order: OrderDocument): boolean {
  return (
    Object.keys(order).length !== fieldCounts.order ||
    Object.keys(order.delivery).length !== fieldCounts.delivery ||
    Object.keys(order.payment).length !== fieldCounts.payment ||
    order.items.some(item => Object.keys(item).length !== fieldCounts.item)
  )
}

function checkServiceFields(value: object): Violation[] {
  return serviceFields
    .filter(field => Object.hasOwn(value, field))
    .map(field => ({ pointer: `/${field}`, detail: 'must not be sent: the service sets it' }))
}

function bounded(violations: Violation[]): Violation[] {
  if (violations.length <= violationsMax) return violations
  return [...violations.slice(0, violationsMax), { pointer: '', detail: 'breaks further rules that are not listed' }]
}

function refuse(pointer: string, detail: string): Reading {
  return { kind: 'refused', violations: [{ pointer, detail }] }
}
