import type { Client } from 'pg'
import { type Column, copierOf, copyInto } from '../platform/copy.ts'
import type { RowWriter } from '../platform/row-writer.ts'
import type { PayoutSum } from './payout-sums.ts'
import type { NumberedLine } from './reader.ts'
import type { RowSet } from './row-set.ts'
import type { Seen } from './seen-lines.ts'

/**
 * The lines of a file in a table of the session, which nobody else sees and no log keeps. Filling it in small transactions keeps the
 * readers of the event log going: they wait for the oldest transaction that writes.
 */
export async function createTables(client: Client): Promise<void> {
  await client.query(`create temporary table settlement_lines (
    -- Without an index for all: maintaining it takes as long as the rest of a row, and lines are read all at once.
    row         integer not null,
    line_id     text collate "C" not null,
    kind        text collate "C" not null,
    payment_ref text collate "C", operation_ref text collate "C", own_ref text collate "C",
    amount      bigint not null, currency text not null,
    fee         bigint not null, net bigint not null, net_currency text not null, fee_off bigint not null,
    payout      text collate "C"
  );
  create index on settlement_lines (row) where kind = 'payout';
  -- What lines of each payout come to, in several rows for some.
  create temporary table settlement_payouts (
    payout    text collate "C" not null, currency text not null,
    lines     integer not null, lines_net bigint not null,
    payouts   integer not null, payout_net bigint not null
  );
  -- Ids of lines, and payments of lines, that may stand in the file more than once.
  create temporary table settlement_seen (line_id text collate "C", payment_ref text collate "C");
  -- What the provider calls payments that may be missing in the file: no line that was set aside names them.
  create temporary table settlement_unnamed (provider_ref text collate "C");
  -- Lines of which it is not known yet whether they plainly match; lines that stand in the file already; lines that do not plainly match.
  create temporary table settlement_unsure (row integer not null);
  create temporary table settlement_repeats (row integer not null);
  create temporary table settlement_rest (row integer not null)`)
}

const columns: readonly Column<NumberedLine>[] = [
  { name: 'row', write: (line, writer) => writer.integer(line.row) },
  { name: 'line_id', write: (line, writer) => writer.text(line.lineId) },
  { name: 'kind', write: (line, writer) => writer.text(line.kind) },
  { name: 'payment_ref', write: (line, writer) => writeText(line.paymentRef, writer) },
  { name: 'operation_ref', write: (line, writer) => writeText(line.operationRef, writer) },
  { name: 'own_ref', write: (line, writer) => writeText(line.ownRef, writer) },
  { name: 'amount', write: (line, writer) => writer.bigint(line.amount) },
  { name: 'currency', write: (line, writer) => writer.text(line.currency) },
  { name: 'fee', write: (line, writer) => writer.bigint(line.fee) },
  { name: 'net', write: (line, writer) => writer.bigint(line.net) },
  { name: 'net_currency', write: (line, writer) => writer.text(line.netCurrency) },
  { name: 'fee_off', write: (line, writer) => writer.bigint(line.feeOff) },
  { name: 'payout', write: (line, writer) => writeText(line.payout, writer) },
]

const copyOfLines = copierOf('settlement_lines', columns)

const copyOfSeen = copierOf<Seen>('settlement_seen', [
  { name: 'line_id', write: ({ lineId }, writer) => writeText(lineId, writer) },
  { name: 'payment_ref', write: ({ paymentRef }, writer) => writeText(paymentRef, writer) },
])

const copyOfPayouts = copierOf<PayoutSum>('settlement_payouts', [
  { name: 'payout', write: (sum, writer) => writer.text(sum.payout) },
  { name: 'currency', write: (sum, writer) => writer.text(sum.currency) },
  { name: 'lines', write: (sum, writer) => writer.integer(sum.lines) },
  { name: 'lines_net', write: (sum, writer) => writer.bigint(sum.linesNet) },
  { name: 'payouts', write: (sum, writer) => writer.integer(sum.payouts) },
  { name: 'payout_net', write: (sum, writer) => writer.bigint(sum.payoutNet) },
])

const copyOfUnnamed = copierOf<string>('settlement_unnamed', [
  { name: 'provider_ref', write: (ref, writer) => writer.text(ref) },
])

const writeRow: readonly Column<number>[] = [{ name: 'row', write: (row, writer) => writer.integer(row) }]
const copiesOfRows = {
  unsure: copierOf('settlement_unsure', writeRow),
  repeats: copierOf('settlement_repeats', writeRow),
  rest: copierOf('settlement_rest', writeRow),
}

/** Adds lines by COPY. @param seen ids that may have been there before */
export function addLines(client: Client, lines: readonly NumberedLine[], seen: readonly Seen[]): Promise<void> {
  return copyInto(client, seen.length === 0 ? [copyOfLines(lines)] : [copyOfLines(lines), copyOfSeen(seen)], '')
}

/** Adds what lines of payouts come to. */
export function addPayouts(client: Client, sums: readonly PayoutSum[]): Promise<void> {
  return copyInto(client, [copyOfPayouts(sums)], '')
}

/** Adds what the provider calls payments that no line names. */
export function addUnnamed(client: Client, refs: readonly string[]): Promise<void> {
  return copyInto(client, [copyOfUnnamed(refs)], '')
}

/** A transaction is short: as long as adding lines takes. */
const rowsMax = 50_000

/** Adds rows to one of the tables that name lines by their rows. */
export async function addRows(client: Client, table: keyof typeof copiesOfRows, rows: RowSet): Promise<void> {
  for (const batch of rows.batches(rowsMax)) await copyInto(client, [copiesOfRows[table](batch)], '')
  await client.query(`analyze settlement_${table}`)
}

function writeText(text: string | undefined, writer: RowWriter): void {
  if (text === undefined) writer.null()
  else writer.text(text)
}
