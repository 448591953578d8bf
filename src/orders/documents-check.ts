import { type CheckResult, examplesMax, type Inspection, type Rule } from '../platform/integrity.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import { compareToDocument, type LineRow, type OrderRow } from './document-check.ts'
import { columnsAsText } from './document-columns.ts'
import { newestUids } from './order-checks.ts'

/** How many uids are fetched at a time; their orders are then read in pieces of bounded size. */
const namedMax = 1_000
const pieceBytesMax = 4 * 1024 * 1024

type Named = { order_uid: string; bytes: number }

/** How many orders were compared; `unproven`: those that were placed before documents had a checksum. */
type Compared = { orders: number; unproven: number }

const rowRule: Rule = { name: 'order-document', sentence: 'an order is what its document says, as it was placed' }
const linesRule: Rule = { name: 'order-items', sentence: 'an order has the lines of its document, each once' }

/** Compares the row and the lines of each order with its document. */
export const documentsInspection: Inspection = {
  rules: [rowRule, linesRule],
  async run(pool, { deadlineMs, newest, onProgress }) {
    const results = { row: nothingFound(rowRule), lines: nothingFound(linesRule) }
    const compared = await compareAll(pool, results, {
      deadlineMs,
      among: newest ? newestUids : undefined,
      onProgress: orders => onProgress?.(`${orders.toLocaleString('en')} orders compared with their documents`),
    })
    return { results: [results.row, results.lines], remark: describeCompared(compared) }
  },
}

type Results = { row: CheckResult; lines: CheckResult }

function nothingFound({ name, sentence }: Rule): CheckResult {
  return { invariant: name, says: sentence, broken: 0, examples: [] }
}

function describeCompared({ orders, unproven }: Compared): string {
  const older =
    unproven === 0 ? '' : `, ${unproven.toLocaleString('en')} of them placed before documents had a checksum`
  return `${orders.toLocaleString('en')} orders${older}`
}

/**
 * Compares orders with their documents in one snapshot, a few megabytes at a time.
 *
 * @param results are added to
 * @param options among: a statement that selects the uids of the orders; undefined: all. deadlineMs: for each statement
 */
async function compareAll(
  pool: Pool,
  results: Results,
  options: { among: string | undefined; deadlineMs: number; onProgress: (orders: number) => void },
): Promise<Compared> {
  const compared: Compared = { orders: 0, unproven: 0 }
  const client = await pool.connect()
  try {
    await client.query(
      `begin isolation level repeatable read read only; set local statement_timeout = ${options.deadlineMs};
       set local cursor_tuple_fraction = 1;
       declare named no scroll cursor for
        select order_uid, octet_length(document) as bytes from orders
         ${options.among === undefined ? '' : `where order_uid in (${options.among})`}`,
    )
    for (;;) {
      const { rows: named } = await client.query<Named>(`fetch ${namedMax} from named`)
      if (named.length === 0) break
      for (const piece of piecesOf(named)) await comparePiece(client, piece, compared, results)
      options.onProgress(compared.orders)
    }
    await client.query('commit')
    client.release()
    return compared
  } catch (error) {
    client.release(true)
    throw error
  }
}

async function comparePiece(
  client: PoolClient,
  orderUids: readonly string[],
  compared: Compared,
  results: Results,
): Promise<void> {
  const orders = await client.query<OrderRow>(
    `select ${columnsAsText}, document, document_crc32, status, payment_status, delivery_status, version
       from orders
      where order_uid = any($1)`,
    [orderUids],
  )
  const items = await client.query<LineRow>(
    `select order_uid, line, chrt_id::text, nm_id::text, price::text, sale, total_price::text
       from order_items
      where order_uid = any($1)
      order by order_uid, line`,
    [orderUids],
  )
  const linesOf = Map.groupBy(items.rows, line => line.order_uid)
  for (const order of orders.rows) {
    const { isRow, areLines } = compareToDocument(order, linesOf.get(order.order_uid) ?? [])
    if (!isRow) note(results.row, order.order_uid)
    if (!areLines) note(results.lines, order.order_uid)
    if (order.document_crc32 === null) compared.unproven += 1
  }
  compared.orders += orders.rows.length
}

function note(result: CheckResult, orderUid: string): void {
  result.broken += 1
  if (result.examples.length < examplesMax) result.examples.push(orderUid)
}

/** Groups uids into pieces that are fetched together; a document of any size fits into one. */
function piecesOf(named: readonly Named[]): string[][] {
  const pieces: string[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const order of named) {
    let piece = pieces.at(-1)
    if (piece === undefined || bytes + order.bytes > pieceBytesMax) {
      piece = []
      pieces.push(piece)
      bytes = 0
    }
    piece.push(order.order_uid)
    bytes += order.bytes
  }
  return pieces
}
