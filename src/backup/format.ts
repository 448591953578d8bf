/**
 * An export is NDJSON in UTF-8: a header, the rows table by table, the values of the sequences, and an end that counts the rows, so
 * that a truncated export is noticed. Every value is PostgreSQL's text for it, or null, so no number loses digits.
 */
export type ExportLine =
  | ExportHeader
  | { table: string; row: Readonly<Record<string, string | null>> }
  | { sequence: string; last_value: string; is_called: boolean }
  | { end: Readonly<Record<string, number>> }

export type ExportHeader = {
  /** The version of this format. */
  orders_export: number
  /** RFC 3339. */
  made_at: string
  /** The last migration of the tables. */
  migration: string
  /** Until when the log had partitions; events are not later. RFC 3339. */
  log_until: string
}

export const formatVersion = 1

/** Rows by table, as the end of an export counts them. */
export type RowCounts = Record<string, number>

/**
 * Reads a line of an export.
 *
 * @returns undefined for any other text
 */
export function readLine(text: string): ExportLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value)) return undefined
  const { orders_export: version, made_at, migration, log_until, table, row, sequence, end } = value
  if (typeof version === 'number') {
    const isHeader = [made_at, migration, log_until].every(field => typeof field === 'string')
    return isHeader ? (value as ExportHeader) : undefined
  }
  if (typeof table === 'string' && isObject(row) && Object.values(row).every(isField)) return value as ExportLine
  if (typeof sequence === 'string' && typeof value.last_value === 'string' && typeof value.is_called === 'boolean') {
    return value as ExportLine
  }
  return isObject(end) && Object.values(end).every(Number.isInteger) ? (value as ExportLine) : undefined
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isField(value: unknown): boolean {
  return value === null || typeof value === 'string'
}
