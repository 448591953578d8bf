import type { Client } from 'pg'
import { type Column, copierOf, copyInto } from '../platform/copy.ts'
import type { RowWriter } from '../platform/row-writer.ts'
import { addRest, addTogether, noteRepeats } from './plain-sql.ts'
import type { NumberedLine } from './reader.ts'

/**
 * The lines of a file in a table of the session, which nobody else sees and no log keeps. Filling it in small transactions keeps the
 * readers of the event log going: they wait for the oldest transaction that writes.
 */
export async function createLinesTable(client: Client): Promise<void> {
  await client.query(`create temporary table settlement_lines (
    row         integer primary key,
    line_id     text collate "C" not null,
    kind        text collate "C" not null,
    payment_ref text collate "C", operation_ref text collate "C", own_ref text collate "C",
    amount      bigint not null, currency text not null,
    fee         bigint not null, net bigint not null, net_currency text not null, fee_off bigint not null,
    payout      text collate "C",
    occurred_at timestamptz
  );
  -- Lines that stand in the file already, and those that do not plainly match.
  create temporary table settlement_repeats (row integer primary key);
  create temporary table settlement_rest (row integer primary key)`)
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
  {
    name: 'occurred_at',
    write: ({ occurredAtMs }, writer) => {
      if (occurredAtMs === undefined) writer.null()
      else writer.timestamp(occurredAtMs)
    },
  },
]

const copyOfLines = copierOf('settlement_lines', columns)

/** Adds lines by COPY, and sets those aside that plainly match, in transactions of their own. */
export async function addLines(client: Client, lines: readonly NumberedLine[], provider: string): Promise<void> {
  const [first, last] = [lines[0], lines.at(-1)]
  if (first === undefined || last === undefined) return
  await copyInto(client, [copyOfLines(lines)], '')
  await client.query({ name: 'rest', text: addRest, values: [provider, first.row, last.row] })
}

/** Prepares the lines for being compared, when all of them are there. */
export async function completeLines(client: Client, provider: string): Promise<void> {
  await client.query('analyze settlement_lines')
  await client.query(noteRepeats)
  for (const { sql, takesProvider } of addTogether) await client.query(sql, takesProvider ? [provider] : [])
}

function writeText(text: string | undefined, writer: RowWriter): void {
  if (text === undefined) writer.null()
  else writer.text(text)
}
