import { isCountry } from '../platform/countries.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import { amountParts, discountedPrice } from './arithmetic.ts'
import { compactFormOf } from './compact-form.ts'
import { itemsMax, orderDocument } from './document.ts'
import { documentColumns, withValues } from './document-columns.ts'
import { instantBoundsMs } from '../platform/instant.ts'
import type { OrderLine, ValidOrder } from './new-order.ts'
import { arrivesPaid } from './order.ts'

/**
 * Compact orders, the form in which nearly every order arrives: JSON without spaces or escapes, with the contract's fields and
 * no others, in the contract's order, and with no negative or huge integers. Such a text is stored as it is. A regular expression
 * made from the schema checks it and finds what the order is stored and found by: that takes a quarter of the time of parsing,
 * checking and writing it again, and leaves next to nothing for the garbage collector.
 *
 * Nothing is refused here. A text in any other form, or one that may break a rule, is read by `readGenerally`. Both find the
 * same; a test compares them.
 */

const partFields = amountParts.map(({ field }) => `payment.${field}`)
const form = compactFormOf(
  orderDocument,
  [
    ...[...documentColumns.map(({ field }) => field), ...partFields],
    ...['payment.payment_dt', 'payment.provider', 'delivery.country', 'items'],
  ],
  ['delivery.country', ...documentColumns.filter(({ type }) => type === 'timestamp').map(({ field }) => field)],
)
const orderExpression = new RegExp(`^${form.source}$`)
const columnGroups = documentColumns.map(({ field }) => form.groupOf(field))
const parts = amountParts.map(({ field, sign }) => ({ group: form.groupOf(`payment.${field}`), sign }))
const goodsTotal = form.groupOf('payment.goods_total')
const paidAt = form.groupOf('payment.payment_dt')
const total = form.groupOf('payment.amount')
const provider = form.groupOf('payment.provider')
const country = form.groupOf('delivery.country')
const items = form.groupOf('items')

const line = compactFormOf(orderDocument.properties.items.items, [
  'chrt_id',
  'price',
  'sale',
  'total_price',
  'nm_id',
  'track_number',
])
/** An item, with the comma behind it. */
const lineExpression = new RegExp(`${line.source}(?:,|$)`, 'y')
const inLine = {
  chrtId: line.groupOf('chrt_id'),
  nmId: line.groupOf('nm_id'),
  price: line.groupOf('price'),
  sale: line.groupOf('sale'),
  totalPrice: line.groupOf('total_price'),
  trackNumber: line.groupOf('track_number'),
}

/**
 * Reads a compact order.
 *
 * @param text decoded from UTF-8, so it contains no lone surrogate
 * @returns undefined when it has another form, or may break a rule
 */
export function readCompactOrder(text: string): ValidOrder | undefined {
  const found = orderExpression.exec(text)
  if (found === null || !form.holds(found)) return undefined
  const read = readLines(found[items] ?? '')
  if (read === undefined || sumOf(read.lines) !== Number(found[goodsTotal])) return undefined
  const isPaid = arrivesPaid(Number(found[paidAt]), Number(found[total]))
  const noted = {
    json: text,
    isPaid,
    provider: found[provider] ?? '',
    lines: read.lines,
    isInParcels: read.isInParcels,
  }
  const order = withValues(noted, found, columnGroups)
  const { amount, currency, createdAtMs } = order
  if (amountOf(found) !== amount) return undefined
  const sentTo = found[country]
  if (sentTo !== undefined && !isCountry(sentTo)) return undefined
  // A time that does not exist is NaN, which is within no bounds.
  if (!(createdAtMs >= instantBoundsMs.first && createdAtMs < instantBoundsMs.end)) return undefined
  return isCurrencyAt(currency, createdAtMs) ? order : undefined
}

function readLines(text: string): { lines: OrderLine[]; isInParcels: boolean } | undefined {
  const lines: OrderLine[] = []
  let first: string | undefined
  let isInParcels = false
  for (lineExpression.lastIndex = 0; lineExpression.lastIndex < text.length && lines.length < itemsMax; ) {
    const found = lineExpression.exec(text)
    if (found === null || !line.holds(found)) return undefined
    const price = Number(found[inLine.price])
    const sale = Number(found[inLine.sale])
    const totalPrice = Number(found[inLine.totalPrice])
    if (discountedPrice(price, sale, totalPrice) !== undefined) return undefined
    const trackNumber = found[inLine.trackNumber]
    first ??= trackNumber
    if (trackNumber !== first) isInParcels = true
    lines.push({ chrtId: Number(found[inLine.chrtId]), nmId: Number(found[inLine.nmId]), price, sale, totalPrice })
  }
  return lineExpression.lastIndex === text.length ? { lines, isInParcels } : undefined
}

function sumOf(lines: readonly OrderLine[]): number {
  let sum = 0
  for (const { totalPrice } of lines) sum += totalPrice
  return sum
}

/** What the amount must be. Each part is below 10^15, so the sum is exact. */
function amountOf(found: RegExpExecArray): number {
  let amount = 0
  for (const { group, sign } of parts) {
    const part = found[group]
    if (part !== undefined) amount += sign * Number(part)
  }
  return amount
}
