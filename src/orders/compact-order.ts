import { isCurrencyAt } from '../platform/currencies.ts'
import { discountedPrice } from './arithmetic.ts'
import { itemsMax, orderDocument } from './document.ts'
import { instantOf } from './instant.ts'
import type { OrderLine, ValidOrder } from './validate.ts'

/**
 * Compact orders, the form in which nearly every order arrives: JSON without spaces or escapes, with the contract's fields and
 * no others, in the contract's order, and with no negative or huge integers. Such a text is stored as it is. A regular expression
 * made from the schema checks it and finds what the order is stored and found by: that takes a quarter of the time of parsing,
 * checking and writing it again, and leaves next to nothing for the garbage collector.
 *
 * Nothing is refused here. A text in any other form, or one that may break a rule, is read by `readGenerally`. Both find the
 * same; a test compares them.
 */

/** A part of the contract as a regular expression; `places` are the numbers of the groups that capture the wanted fields. */
type Form<Name extends string> = {
  source: string
  places: Record<Name, number>
  /** What the expression alone does not check: forms of texts, and bounds of numbers. */
  checks: { place: number; holds: (value: string) => boolean }[]
}

/** The keywords that schemas of texts and integers may use. Support for others must be added here first. */
const keywords = ['type', 'description', 'expected', 'minLength', 'maxLength', 'pattern', 'minimum', 'maximum']
/** An integer that every double holds exactly. */
const integer = '0|[1-9][0-9]{0,14}'
const integerMax = 10 ** 15 - 1
/** The items up to their closing bracket: a text that contains this bracket is read by `readGenerally`. */
const lines = '\\[(\\{[^\\]]*\\})\\]'

type Schema = Record<string, unknown>
type ObjectSchema = { type: 'object'; properties: object }

/** Makes the form of an object. @param wanted the fields, of it or of objects in it, to capture */
function formOf<Name extends string>(schema: ObjectSchema, wanted: readonly Name[]): Form<Name> {
  const places: Record<string, number> = {}
  const checks: Form<Name>['checks'] = []
  let groups = 0
  const caught = (name: string, source: string, holds?: (value: string) => boolean) => {
    if (holds === undefined && !wanted.some(one => one === name)) return `(?:${source})`
    groups += 1
    places[name] = groups
    if (holds !== undefined) checks.push({ place: groups, holds })
    return `(${source})`
  }
  const sourceOf = (name: string, { type, ...said }: Schema): string => {
    if (type === 'object') {
      const fields = Object.entries(said.properties as Record<string, Schema>)
      return `\\{${fields.map(([inner, value]) => `"${inner}":${sourceOf(inner, value)}`).join(',')}\\}`
    }
    if (type === 'array') {
      places[name] = groups += 1
      return lines
    }
    const unknown = Object.keys(said).find(keyword => !keywords.includes(keyword))
    if (unknown !== undefined) throw new Error(`a compact ${name} does not know ${unknown}`)
    if (type === 'string') {
      const { minLength = 0, maxLength = '', pattern } = said
      const form = typeof pattern === 'string' ? new RegExp(pattern, 'u') : undefined
      return `"${caught(name, `[^"\\\\\\x00-\\x1f]{${minLength},${maxLength}}`, form && (value => form.test(value)))}"`
    }
    const { minimum, maximum } = said as { minimum: number; maximum: number }
    const isBounded = minimum > 0 || maximum < integerMax
    return caught(name, integer, isBounded ? value => Number(value) >= minimum && Number(value) <= maximum : undefined)
  }
  const source = sourceOf('', { ...schema })
  return { source, places: places as Record<Name, number>, checks }
}

const order = formOf(orderDocument, [
  'order_uid',
  'track_number',
  'currency',
  'amount',
  'payment_dt',
  'delivery_cost',
  'goods_total',
  'custom_fee',
  'items',
  'customer_id',
  'date_created',
])
const line = formOf(orderDocument.properties.items.items, ['chrt_id', 'price', 'sale', 'total_price', 'nm_id'])
const orderExpression = new RegExp(`^${order.source}$`)
/** An item, with the comma behind it. */
const lineExpression = new RegExp(`${line.source}(?:,|$)`, 'y')

/**
 * Reads a compact order.
 *
 * @param text decoded from UTF-8, so it contains no lone surrogate
 * @returns undefined when it has another form, or may break a rule
 */
export function readCompactOrder(text: string): ValidOrder | undefined {
  const found = orderExpression.exec(text)
  if (found === null || !order.checks.every(({ place, holds }) => holds(found[place] ?? ''))) return undefined
  const { places } = order
  const textOf = (place: number) => found[place] ?? ''
  const numberOf = (place: number) => Number(found[place])
  const currency = textOf(places.currency)
  const amount = numberOf(places.amount)
  const goodsTotal = numberOf(places.goods_total)
  const createdAtMs = instantOf(textOf(places.date_created))
  const orderLines = readLines(textOf(places.items))
  if (createdAtMs === undefined || orderLines === undefined || !isCurrencyAt(currency, createdAtMs)) return undefined
  if (orderLines.reduce((sum, { totalPrice }) => sum + totalPrice, 0) !== goodsTotal) return undefined
  if (goodsTotal + numberOf(places.delivery_cost) + numberOf(places.custom_fee) !== amount) return undefined
  return {
    orderUid: textOf(places.order_uid),
    json: text,
    customerId: textOf(places.customer_id),
    trackNumber: textOf(places.track_number),
    currency,
    amount,
    isPaid: numberOf(places.payment_dt) > 0,
    createdAtMs,
    lines: orderLines,
  }
}

function readLines(text: string): OrderLine[] | undefined {
  const read: OrderLine[] = []
  const { places, checks } = line
  for (lineExpression.lastIndex = 0; lineExpression.lastIndex < text.length && read.length < itemsMax; ) {
    const found = lineExpression.exec(text)
    if (found === null || !checks.every(({ place, holds }) => holds(found[place] ?? ''))) return undefined
    const price = Number(found[places.price])
    const sale = Number(found[places.sale])
    const totalPrice = Number(found[places.total_price])
    if (discountedPrice(price, sale, totalPrice) !== undefined) return undefined
    read.push({ chrtId: Number(found[places.chrt_id]), nmId: Number(found[places.nm_id]), price, sale, totalPrice })
  }
  return lineExpression.lastIndex === text.length ? read : undefined
}
