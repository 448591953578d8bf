import type { Client } from 'pg'
import type { ComparedLine } from './compared-line.ts'
import { reportIdOf, type SettlementReport, wrongPayoutsJson } from './report.ts'
import { results } from './settlement.ts'

/** A report that is kept. `isNew`: false where an earlier run came to the same, and nothing was stored. */
export type KeptReport = Readonly<{ id: string; isNew: boolean }>

const reportColumns = [
  ...['report_id', 'provider', 'file_name', 'file_sha256', 'format', 'from_at', 'to_at', 'lines', 'other_lines'],
  ...results,
  ...['lines_left_out', 'totals', 'payouts_total', 'payouts_wrong', 'wrong_payouts', 'booked_fees', 'booked_payouts'],
  ...['actor', 'started_at', 'finished_at'],
]

const lineColumns = [
  ['result', 'outcome', 'text'],
  ['row', 'file_row', 'integer'],
  ['line_id', 'line_id', 'text'],
  ['kind', 'kind', 'text'],
  ['order_uid', 'order_uid', 'text'],
  ['payment_id', 'payment_id', 'text'],
  ['reference', 'reference', 'text'],
  ['currency', 'currency', 'text'],
  ['amount', 'amount', 'bigint'],
  ['net_currency', 'net_currency', 'text'],
  ['fee', 'fee', 'bigint'],
  ['ours_currency', 'ours_currency', 'text'],
  ['ours_amount', 'ours_amount', 'bigint'],
] as const satisfies readonly (readonly [keyof ComparedLine, string, string])[]

const lineNames = lineColumns.map(([, name]) => name).join(', ')

/** One statement, so that a report and its lines are stored together or not at all, and no transaction lasts. */
const insertReport = `
  with report as (
    insert into settlement_reports (${reportColumns.join(', ')})
    values (${reportColumns.map((_, index) => `$${index + 1}`).join(', ')})
    on conflict (report_id) do nothing
    returning report_id
  ), kept as (
    insert into settlement_report_lines (report_id, number, ${lineNames})
    select r.report_id, l.number, ${lineColumns.map(([, name]) => `l.${name}`).join(', ')}
      from report r
     cross join unnest(${lineColumns.map(([, , type], index) => `$${reportColumns.length + index + 1}::${type}[]`).join(', ')})
                  with ordinality as l (${lineNames}, number)
  )
  select report_id from report`

/** Keeps a report with its differences; one that is kept already stays as it is. */
export async function keepReport(client: Client, report: SettlementReport): Promise<KeptReport> {
  const id = reportIdOf(report)
  const { counts, period, differences, booked } = report
  const { rows } = await client.query(insertReport, [
    ...[id, report.provider, report.fileName, Buffer.from(report.fileSha256, 'hex'), report.format],
    ...(period === undefined ? [null, null] : [new Date(period.fromMs), new Date(period.toMs)]),
    ...[report.lines, report.otherLines, ...results.map(result => counts[result]), differences.leftOut, report.totals],
    ...[report.payoutsTotal, report.payoutsWrong, wrongPayoutsJson(report.payouts)],
    ...[booked.fees, booked.payouts, report.actor, new Date(report.startedAtMs), new Date(report.finishedAtMs)],
    ...lineColumns.map(([name]) => differences.kept.map(line => line[name])),
  ])
  return { id, isNew: rows.length > 0 }
}
