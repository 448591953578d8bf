import { createHash } from 'node:crypto'
import { replaceMember } from '../platform/json-member.ts'
import { type OrderDocument, orderDocument } from './document.ts'
import { addedFields } from './state-schemas.ts'

/**
 * The recipient of an order after it was placed. The document is stored as it was sent. A corrected recipient is a column beside it
 * (`orders.delivery`), which is put on when the order is read back: an order that was never corrected has a null there, and costs nothing.
 * Erasure is the one change of a document: the recipient and every field that the contract does not know leave it, and a digest of what was
 * sent (`orders.sent_digest`) recognizes the same order when it comes again. Pure.
 */

export type Recipient = OrderDocument['delivery']

/** What stands in place of a recipient: it keeps the contract, so every reader of orders can read it. */
const nobody = { name: '', phone: '0', zip: '', city: '', address: '', region: '', email: 'nobody@invalid' } as const

/** A document as it reads back. @param document as it was sent @param delivery JSON: the corrected recipient */
export function withRecipient(document: string, delivery: string): string {
  const spliced = replaceMember(document, 'delivery', () => delivery)
  return spliced ?? JSON.stringify({ ...JSON.parse(document), delivery: JSON.parse(delivery) })
}

/** The recipient of a document. */
export function recipientOf(document: string): Recipient {
  return (JSON.parse(document) as OrderDocument).delivery
}

/** Nobody, in the country of a recipient. */
export function anonymous({ country }: Partial<Recipient>): Recipient {
  return typeof country === 'string' ? { ...nobody, country } : nobody
}

/** A document without its recipient, but for the country, and without the fields that the contract does not know. */
export function withoutRecipient(document: string): string {
  return JSON.stringify(anonymizedOrder(JSON.parse(document) as OrderDocument))
}

/** The data of an event that carries a document, without the recipient but for the country; all else stays. */
export function concealRecipient(data: string): string {
  const conceal = (delivery: string) => JSON.stringify(anonymous(JSON.parse(delivery) as Recipient))
  const spliced = replaceMember(data, 'delivery', conceal)
  return spliced ?? withRecipient(data, conceal(JSON.stringify(recipientOf(data))))
}

/** A document without its recipient of an order that is parsed; the fields that the service has added stay. */
export function anonymizedOrder(order: object): object {
  const known = ofContract({ properties: kept }, order)
  const { delivery } = known as Partial<OrderDocument>
  return { ...(known as object), delivery: anonymous(delivery ?? {}) }
}

/** The part of a schema that is read here. */
type Schema = { type?: string; properties?: Properties; items?: Schema }
type Properties = Record<string, Schema>

const number: Schema = { type: 'number' }

/** What stays of an order: the fields of the contract, those that the service adds, and a number of carts' orders that returns need. */
const kept: Properties = {
  ...(orderDocument.properties as Properties),
  ...(addedFields as Properties),
  payment: {
    properties: { ...(orderDocument.properties.payment.properties as Properties), delivery_discount: number },
  },
}

/** The fields of a value that its schema names, in the order of the value. */
function ofContract(schema: Schema, value: unknown): unknown {
  const { properties, items } = schema
  if (Array.isArray(value)) return items === undefined ? value : value.map(inner => ofContract(items, inner))
  if (properties === undefined || typeof value !== 'object' || value === null) return value
  const known = Object.entries(value).filter(
    ([name, inner]) => Object.hasOwn(properties, name) && (properties[name] !== number || typeof inner === 'number'),
  )
  return Object.fromEntries(known.map(([name, inner]) => [name, ofContract(properties[name] ?? {}, inner)]))
}

/** The SHA-256 of a document: the same for documents that are the same as JSON, whatever the order of their fields. */
export function digestOf(document: string): Buffer {
  return createHash('sha256')
    .update(canonical(JSON.parse(document)))
    .digest()
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1))
  return `{${members.map(([name, inner]) => `${JSON.stringify(name)}:${canonical(inner)}`).join(',')}}`
}
