/**
 * Pages of lists by conditions of which no index serves all, such as a provider that one payment in a million has. An
 * index for each of them would slow every payment down. So a page checks a bounded number of rows: it may have fewer than were asked for,
 * or none, and the next one goes on where it ended.
 */

/** How many rows a page checks: 20 to 40 ms. */
export const walkedMax = 20_000

type Walk = Readonly<{
  table: string
  /** The columns of its key. */
  keys: readonly string[]
  /** The columns that the list is sorted by. */
  sortedBy: readonly string[]
  /** `desc`, newest first, unless given. */
  direction?: 'asc' | 'desc'
  /** Conditions that an index in that order serves: where the page begins, the bounds of the time, and what the list is of. */
  bounds: readonly string[]
  /** What each row is checked for. */
  conditions: readonly string[]
  limit: number
  /** How many rows a page checks; `walkedMax` unless given. */
  rowsMax?: number
}>

/** SQL of the rows of a page and of the last one that was checked: the columns `keys`, `fits` and `number`. */
export function walkedRows({
  table,
  keys,
  sortedBy,
  direction = 'desc',
  bounds,
  conditions,
  limit,
  rowsMax,
}: Walk): string {
  const order = sortedBy.map(column => `${column} ${direction}`).join(', ')
  const columns = [...new Set([...keys, ...sortedBy])].join(', ')
  const most = mostRows({ conditions, limit, rowsMax })
  return `(select ${keys.join(', ')}, fits, number
             from (select walked.*, row_number() over (order by ${order}) as number
                     from (select ${columns}, (${['true', ...conditions].join(' and ')}) as fits
                             from ${table}
                            where ${['true', ...bounds].join(' and ')}
                            order by ${order}
                            limit ${most}) walked) numbered
            where fits or number = ${most}
            order by ${order}
            limit ${limit + 1})`
}

type Checked = Pick<Walk, 'conditions' | 'limit'> & { rowsMax?: number | undefined }

/** Where every row fits no more are read than the page has, and the next one. */
const mostRows = ({ conditions, limit, rowsMax = walkedMax }: Checked) =>
  conditions.length === 0 ? limit + 1 : rowsMax

/** A page, and the last row before the next one; undefined on the last page. */
export type WalkedPage<Row> = Readonly<{ rows: readonly Row[]; last: Row | undefined }>

/**
 * Takes the rows of a page from what walks have found. Behind the row where the first of them ended there may be rows that it has not
 * reached.
 *
 * @param found in the order of the list
 */
export function pageOf<Row extends { fits: boolean; number: string }>(
  found: readonly Row[],
  checked: Checked,
): WalkedPage<Row> {
  const rows: Row[] = []
  const { limit } = checked
  const most = mostRows(checked)
  for (const row of found) {
    if (row.fits && rows.length === limit) return { rows, last: rows.at(-1) }
    if (row.fits) rows.push(row)
    if (Number(row.number) === most) return { rows, last: row }
  }
  return { rows, last: undefined }
}
