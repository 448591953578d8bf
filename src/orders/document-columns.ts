import type { Column } from '../platform/copy.ts'
import { anyInstantOf } from '../platform/instant.ts'

/**
 * The columns of `orders` that repeat a field of the document, so that orders can be found, sorted and summed by it. They are named
 * here only: both readers of documents, the writer of rows and `verify` go by this list.
 */

type DocumentColumn = {
  column: string
  type: 'text' | 'bigint' | 'timestamp'
  /** The path of the field: `payment.amount`. */
  field: string
  /** The value where the document leaves the field out, for an optional one. */
  absent?: string | number
}

/** By the name that the value has in the code. */
const byName = {
  orderUid: { column: 'order_uid', type: 'text', field: 'order_uid' },
  customerId: { column: 'customer_id', type: 'text', field: 'customer_id' },
  trackNumber: { column: 'track_number', type: 'text', field: 'track_number' },
  currency: { column: 'currency', type: 'text', field: 'payment.currency' },
  amount: { column: 'amount', type: 'bigint', field: 'payment.amount' },
  createdAtMs: { column: 'created_at', type: 'timestamp', field: 'date_created' },
} as const satisfies Readonly<Record<string, DocumentColumn>>

type Name = keyof typeof byName

/** The values of an order: amounts in the currency's minor unit, times in milliseconds since 1970. */
export type DocumentValues = { [Key in Name]: (typeof byName)[Key]['type'] extends 'text' ? string : number }

export const documentColumns: readonly (DocumentColumn & { name: Name })[] = Object.entries(byName).map(
  ([name, column]) => ({ name: name as Name, ...column }),
)

/**
 * Adds the values of an order to an object.
 *
 * @param fields of the document, as text or decoded; a time that does not exist becomes NaN
 * @param places where in `fields` that of each column is, in the order of `documentColumns`
 */
export function withValues<Order extends object>(
  order: Order,
  fields: ArrayLike<unknown>,
  places: readonly number[],
): Order & DocumentValues {
  const values = order as Record<string, unknown>
  for (let index = 0; index < documentColumns.length; index++) {
    const { name, type, absent } = documentColumns[index] as DocumentColumn & { name: Name }
    const field = fields[places[index] as number] ?? absent
    if (type === 'text') values[name] = field
    else if (type === 'bigint') values[name] = Number(field)
    else values[name] = anyInstantOf(String(field)) ?? Number.NaN
  }
  return values as Order & DocumentValues
}

/** The fields of a decoded document, in the order of `documentColumns`. */
export function fieldsOf(document: object): unknown[] {
  return paths.map(path =>
    path.reduce<unknown>((value, name) => (value as Record<string, unknown> | null)?.[name], document),
  )
}

const paths = documentColumns.map(({ field }) => field.split('.'))
/** The places of the fields that `fieldsOf` gives. */
export const inOrder: readonly number[] = documentColumns.map((_, index) => index)

/** How COPY writes the columns. */
export const copiedColumns: readonly Column<{ order: DocumentValues }>[] = documentColumns.map(
  ({ name, column, type }) => ({ name: column, write: writing(name, type) }),
)

/** A function for each type: an engine inlines a call that has one target. */
function writing(name: Name, type: DocumentColumn['type']): Column<{ order: DocumentValues }>['write'] {
  if (type === 'text') return ({ order }, writer) => writer.text(order[name] as string)
  if (type === 'bigint') return ({ order }, writer) => writer.bigint(order[name] as number)
  return ({ order }, writer) => writer.timestamp(order[name] as number)
}

/** The columns as SQL selects them for `saysSame`: numbers and times as text. */
export const columnsAsText = documentColumns
  .map(({ column, type }) => {
    if (type === 'text') return column
    return type === 'bigint' ? `${column}::text` : `(extract(epoch from ${column}) * 1000)::text as ${column}`
  })
  .join(', ')

/** Whether the columns of a row say what the document says. @param row as `columnsAsText` selects it */
export function saysSame(document: object, row: Readonly<Record<string, unknown>>): boolean {
  const fields = fieldsOf(document)
  return documentColumns.every(({ column, type, absent }, index) => {
    const field = fields[index] ?? absent
    if (type === 'text') return field === row[column]
    // Orders from before the years had bounds may be stored.
    if (type === 'timestamp') return anyInstantOf(String(field)) === Number(row[column])
    return String(field) === row[column]
  })
}
