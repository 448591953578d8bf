import { type Copy, copyOf } from './copy.ts'
import { command, type Statement } from './round-trip.ts'
import type { RowWriter } from './row-writer.ts'

/** Tables that are written many rows at a time: new rows by COPY, changed ones by one statement. */

/** A value of a column: a time is in milliseconds since 1970, an amount a safe integer. */
type Value = string | number | boolean | readonly string[] | undefined

/** A `timestamp` is a local time, in milliseconds as if it were UTC. */
type ColumnType = 'text' | 'bigint' | 'integer' | 'timestamptz' | 'timestamp' | 'boolean' | 'text[]'

/** Reads a time in milliseconds since 1970, a local one as if it were UTC: the driver takes ten times as long for a date. */
export const inMilliseconds = (name: string) => `(extract(epoch from ${name}) * 1000)::float8 as ${name}`

/** The same of a time that has whole milliseconds, as all have that the service writes itself, in an eighth of the time. */
export const inWholeMilliseconds = (name: string) => `round(date_part('epoch', ${name}) * 1000) as ${name}`

export type Column<Item> = Readonly<{
  name: string
  type: ColumnType
  of: (item: Item) => Value
  /** `key`: finds the row; `fixed`: is written once; anything else may change. */
  role?: 'key' | 'fixed'
}>

export type Table<Item> = Readonly<{
  /** The rows of new items. */
  copyOf(items: readonly Item[]): Copy
  /**
   * Writes the columns that have changed of rows that are there already; none when nothing has. Reading its answer throws when one of
   * them is not there.
   */
  update(changes: readonly Change<Item>[]): readonly Statement<undefined>[]
  /**
   * What `change_payments` writes of rows that are there already, as JSON: their keys and the columns that may change. A null and a 0 are
   * left out; null when nothing has changed.
   */
  changesOf(changes: readonly Change<Item>[]): string | null
  /** Writes items, whether they are there already or not; none for no items. */
  upsert(items: readonly Item[]): readonly Statement<undefined>[]
}>

/** An item as it is now, and as it is stored; all of it is written where that is not known. */
export type Change<Item> = Readonly<{ before?: Item; after: Item }>

/** @param columns all that are written; what changes has no role */
export function tableOf<Item>(name: string, columns: readonly Column<Item>[]): Table<Item> {
  const names = namesOf(columns)
  const keys = columns.filter(({ role }) => role === 'key')
  const changing = columns.filter(({ role }) => role === undefined)
  const written = [...keys, ...changing]
  const upsert = `insert into ${name} (${names})
  select ${columns.map(read).join(', ')} from ${recordsOf(columns)}
      on conflict (${namesOf(keys)}) do update
     set ${changing.map(column => `${column.name} = excluded.${column.name}`).join(', ')}`
  return {
    copyOf: items =>
      copyOf(name, names, items, (item, writer) => {
        writer.row(columns.length)
        for (const column of columns) write(writer, column.type, column.of(item))
      }),
    update(changes) {
      const changed = changing.filter(({ of }) =>
        changes.some(({ before, after }) => before === undefined || of(before) !== of(after)),
      )
      if (changed.length === 0) return []
      const items = changes.map(({ after }) => after)
      const updated = [...keys, ...changed]
      const count = ({ rowCount }: { rowCount: number | null }) => {
        if (rowCount !== items.length) throw new Error(`${rowCount} of ${items.length} rows of ${name} were there`)
        return undefined
      }
      const update = `update ${name} t
     set ${changed.map(column => `${column.name} = ${read(column)}`).join(', ')}
    from ${recordsOf(updated)}
   where ${keys.map(column => `t.${column.name} = u.${column.name}`).join(' and ')}`
      return [{ text: update, values: [jsonOf(updated, items, inMs)], read: count }]
    },
    changesOf(changes) {
      const changed = changes.filter(
        ({ before, after }) => before === undefined || changing.some(({ of }) => of(before) !== of(after)),
      )
      if (changed.length === 0) return null
      return jsonOf(
        written,
        changed.map(({ after }) => after),
        isoText,
        0,
      )
    },
    upsert: items => (items.length === 0 ? [] : [command(upsert, [jsonOf(columns, items, inMs)])]),
  }
}

function namesOf<Item>(columns: readonly Column<Item>[]): string {
  return columns.map(({ name }) => name).join(', ')
}

/**
 * The rows of a parameter: one JSON text is made in a third of the time that the driver takes for a list of each column. Times are
 * milliseconds in it, which both sides handle faster than texts.
 */
function recordsOf<Item>(columns: readonly Column<Item>[]): string {
  const types = columns.map(({ name, type }) => `${name} ${isTime(type) ? 'float8' : type}`)
  return `json_to_recordset($1::json) u (${types.join(', ')})`
}

const isTime = (type: ColumnType) => type === 'timestamptz' || type === 'timestamp'

/** The value of a column in a row of `recordsOf`. */
function read<Item>({ name, type }: Column<Item>): string {
  if (!isTime(type)) return `u.${name}`
  const time = `to_timestamp(u.${name} / 1000)`
  return type === 'timestamp' ? `${time} at time zone 'UTC'` : time
}

const inMs = (ms: number): number => ms
const isoText = (ms: number): string => new Date(ms).toISOString()

/** @param timeOf writes a time; leftOut: what is not said, beside a null */
function jsonOf<Item>(
  columns: readonly Column<Item>[],
  items: readonly Item[],
  timeOf: (ms: number) => number | string,
  leftOut?: Value,
): string {
  return JSON.stringify(
    items.map(item => {
      const row: Record<string, unknown> = {}
      for (const { name, type, of } of columns) {
        const value = of(item)
        if (value !== undefined && value !== leftOut) row[name] = isTime(type) ? timeOf(value as number) : value
      }
      return row
    }),
  )
}

function write(writer: RowWriter, type: ColumnType, value: Value): void {
  if (value === undefined) writer.null()
  else if (type === 'text') writer.text(value as string)
  else if (type === 'bigint') writer.bigint(value as number)
  else if (type === 'integer') writer.integer(value as number)
  else if (isTime(type)) writer.timestamp(value as number)
  else if (type === 'boolean') writer.bytes(value === true ? yes : no)
  else writer.bytes(arrayOf(value as readonly string[]))
}

const yes = Buffer.from([1])
const no = Buffer.from([0])

/** The `oid` of the type `text`, as the elements of an array say it. */
const textOid = 25

/** A `text[]` in the binary format: dimensions, whether there are nulls, the type, and the length and lower bound of the dimension. */
function arrayOf(texts: readonly string[]): Buffer {
  const words = (...numbers: readonly number[]) => {
    const bytes = Buffer.alloc(4 * numbers.length)
    for (const [index, number] of numbers.entries()) bytes.writeInt32BE(number, 4 * index)
    return bytes
  }
  if (texts.length === 0) return words(0, 0, textOid)
  const elements = texts.flatMap(text => {
    const bytes = Buffer.from(text)
    return [words(bytes.byteLength), bytes]
  })
  return Buffer.concat([words(1, 0, textOid, texts.length, 1), ...elements])
}
