import { crc32 } from 'node:zlib'
import { addsUpWithoutOptional, checkAmount } from './arithmetic.ts'
import { saysSame } from './document-columns.ts'
import { arrivesPaid, initialState, type OrderState } from './order.ts'

/** The checksum that is stored beside a document: CRC-32 of its UTF-8 bytes, as a signed number. */
export function checksumOf(document: string): number {
  return crc32(document) | 0
}

/** The row of an order; numbers and times of the document's columns are texts. */
export type OrderRow = {
  order_uid: string
  document: string
  document_crc32: number | null
  /** Those of `columnsAsText`. */
  [column: string]: unknown
  status: OrderState['status']
  payment_status: OrderState['paymentStatus']
  delivery_status: OrderState['deliveryStatus']
  version: number
}

/** The row of a line of an order. */
export type LineRow = {
  order_uid: string
  line: number
  chrt_id: string
  nm_id: string
  price: string
  sale: number
  total_price: string
}

type Fields = Record<string, unknown>

/**
 * Compares a row with its document: its columns, its checksum, and the state of an order that was never changed, which follows
 * from its payment. Compares the lines with the items of the document and with their total. Pure.
 *
 * @param lines in their order
 */
export function compareToDocument(row: OrderRow, lines: readonly LineRow[]): { isRow: boolean; areLines: boolean } {
  const document = read(row.document)
  if (document === undefined || !isFields(document.payment)) return { isRow: false, areLines: false }
  return { isRow: isRowOf(document, document.payment, row), areLines: areLinesOf(document, document.payment, lines) }
}

function isRowOf(document: Fields, payment: Fields, row: OrderRow): boolean {
  return (
    (row.document_crc32 === null || row.document_crc32 === checksumOf(row.document)) &&
    saysSame(document, row) &&
    addsUp(document) &&
    (row.version > 1 || firstStatesOf(payment).some(state => isStateOf(state, row)))
  )
}

/** Whether the amount is the sum of its parts: today's, or those before there were discounts and taxes. */
function addsUp(document: Fields): boolean {
  return checkAmount(document).length === 0 || addsUpWithoutOptional(document)
}

/** The states that an order can have begun in. One of amount 0 is confirmed at once; before, it waited for a payment. */
function firstStatesOf({ payment_dt: paidAt, amount }: Fields): OrderState[] {
  return [arrivesPaid(Number(paidAt), Number(amount)), Number(paidAt) > 0].map(initialState)
}

function isStateOf({ status, paymentStatus, deliveryStatus }: OrderState, row: OrderRow): boolean {
  return status === row.status && paymentStatus === row.payment_status && deliveryStatus === row.delivery_status
}

function areLinesOf({ items }: Fields, payment: Fields, lines: readonly LineRow[]): boolean {
  const total = lines.reduce((sum, line) => sum + BigInt(line.total_price), 0n)
  return (
    Array.isArray(items) &&
    items.length === lines.length &&
    String(payment.goods_total) === total.toString() &&
    items.every((item: unknown, index) => isFields(item) && isLineOf(item, index, lines[index]))
  )
}

function isLineOf(item: Fields, index: number, line: LineRow | undefined): boolean {
  return (
    line?.line === index &&
    line.sale === item.sale &&
    (['chrt_id', 'nm_id', 'price', 'total_price'] as const).every(name => line[name] === String(item[name]))
  )
}

function read(document: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(document)
    return isFields(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
