import { isUtf8 } from 'node:buffer'
import { Compile } from 'typebox/compile'
import { Settings } from 'typebox/system'
import { AppError, type Violation } from '../errors.ts'
import { checkJsonText } from '../platform/json-text.ts'
import { addsUpWithoutOptional, checkAmount, checkArithmetic, checkLines } from './arithmetic.ts'
import { readCompactOrder } from './compact-order.ts'
import { itemsMax, type OrderDocument, orderDocument, orderUidForm } from './document.ts'
import { fieldsOf, inOrder, withValues } from './document-columns.ts'
import { anyInstantOf } from '../platform/instant.ts'
import type { ValidOrder } from './new-order.ts'
import { checkNewRules, formerDocument, isOfNewForm } from './new-rules.ts'
import { arrivesPaid } from './order.ts'
import { addedFields } from './state-schemas.ts'
import { expectedAt, requireForm, toViolations } from './violations.ts'

/** The largest document that is read, in bytes. */
export const documentSizeBytesMax = 1024 * 1024

/** The most violations that an answer lists: a bad document of a megabyte could have a hundred thousand. */
export const violationsMax = 1000

export type Reading =
  | { kind: 'order'; order: ValidOrder }
  /**
   * `orderUid`: the document's, if it has the right form; `formerly`: the order, if it breaks only new rules, since it may be
   * stored.
   */
  | { kind: 'refused'; violations: Violation[]; orderUid?: string | undefined; formerly?: ValidOrder }

// The library stops after eight errors by default. One more than is listed shows that there are more.
Settings.Set({ maxErrors: violationsMax + 1 })
const contract = Compile(orderDocument)
const formerContract = Compile(formerDocument)

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
  // Some programs begin a text with a byte order mark; RFC 8259 allows ignoring it.
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start).toString('utf8')
  const compact = readCompactOrder(text)
  return compact === undefined ? readGenerally(text) : { kind: 'order', order: compact }
}

/** The order of a reading that can be submitted, also if it breaks new rules only. */
export function submittable(reading: Reading): ValidOrder | undefined {
  return reading.kind === 'order' ? reading.order : reading.formerly
}

/** The error for an order that breaks the contract. */
export function orderInvalid(violations: readonly Violation[]): AppError {
  const detail = `rules of the contract that the order breaks: ${violations.length}`
  return new AppError('ORDER_INVALID', detail, { violations })
}

/** Reads a document in any form: whole, rule by rule. @param text decoded from UTF-8 */
export function readGenerally(text: string): Reading {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refuse('', text.trim() === '' ? 'must be a JSON document, and is empty' : 'must be well-formed JSON')
  }
  const { violations, asWritten } = checkJsonText(text, value, { violationsMax: violationsMax + 1, requireForm })
  const isOfContract = contract.Check(value)
  const isReadable = isOfContract || formerContract.Check(value)
  const createdAtMs = isReadable ? anyInstantOf((value as OrderDocument).date_created) : undefined
  if (createdAtMs === undefined) {
    return { kind: 'refused', violations: bounded(everyViolation(value, violations)), orderUid: uidOf(value) }
  }
  const document = value as OrderDocument
  const { order_uid: orderUid } = document
  const newViolations = isOfContract ? [] : toViolations(contract.Errors(value))
  newViolations.push(...violations.filter(isOfNewForm), ...checkNewRules(document, createdAtMs))
  const firm = violations.filter(violation => !isOfNewForm(violation))
  firm.push(...checkLines(document), ...checkServiceFields(document))
  const ofAmount = checkAmount(document)
  const known = ofAmount.length > 0 && addsUpWithoutOptional(document) ? newViolations : firm
  known.push(...ofAmount)
  if (firm.length > 0) return { kind: 'refused', violations: bounded([...firm, ...newViolations]), orderUid }
  const order = toValidOrder(document, asWritten ?? JSON.stringify(document))
  if (newViolations.length === 0) return { kind: 'order', order }
  return { kind: 'refused', violations: newViolations, orderUid, formerly: { ...order, newViolations } }
}

function uidOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || !('order_uid' in value)) return undefined
  const { order_uid: uid } = value
  return typeof uid === 'string' && orderUidForm.test(uid) ? uid : undefined
}

function toValidOrder(document: OrderDocument, json: string): ValidOrder {
  const lines = document.items.map(item => ({
    chrtId: item.chrt_id,
    nmId: item.nm_id,
    price: item.price,
    sale: item.sale,
    totalPrice: item.total_price,
  }))
  const isInParcels = document.items.some(item => item.track_number !== document.items[0]?.track_number)
  const { payment_dt: paidAt, amount, provider } = document.payment
  return withValues(
    { json, isPaid: arrivesPaid(paidAt, amount), provider, lines, isInParcels },
    fieldsOf(document),
    inOrder,
  )
}

/** The order with the trace of its request or message. */
export function inTrace(order: ValidOrder, traceparent: string | undefined): ValidOrder {
  return traceparent === undefined ? order : { ...order, traceparent }
}

/** @param found the violations of the text itself */
function everyViolation(value: unknown, found: Violation[]): Violation[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [...toViolations(contract.Errors(value)), ...found]
  }
  const { items } = value as { items?: unknown }
  // A megabyte holds 300,000 empty items. Listing what each of them lacks would block the event loop.
  if (Array.isArray(items) && items.length > itemsMax) {
    const tooMany = { pointer: '/items', detail: `must have at most ${itemsMax} items, and has ${items.length}` }
    return [tooMany, ...everyViolation({ ...value, items: items.slice(0, itemsMax) }, found)]
  }
  const violations = toViolations(contract.Errors(value))
  const listed = new Set(violations.map(violation => violation.pointer))
  const add = (more: Violation[]) => violations.push(...more.filter(violation => !listed.has(violation.pointer)))
  const { date_created: created } = value as { date_created?: unknown }
  const createdAtMs = typeof created === 'string' ? anyInstantOf(created) : undefined
  if (typeof created === 'string' && createdAtMs === undefined) add([expectedAt('/date_created')])
  add([...checkNewRules(value, createdAtMs), ...checkArithmetic(value), ...checkServiceFields(value)])
  return [...violations, ...found]
}

const serviceFields = Object.keys(addedFields)

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
