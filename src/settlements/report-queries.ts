import type { Pool } from '../platform/postgres.ts'
import type { TimedPosition } from '../platform/timed-cursor.ts'
import { type Result, results } from './settlement.ts'

/** Reports of reconciliations are read. */

/** A report as it is stored; `totals` and `wrongPayouts` are JSON. */
export type StoredReport = {
  id: string
  provider: string
  file_name: string
  file_sha256: string
  format: string
  from: string | null
  to: string | null
  lines: number
  other_lines: number
  outcomes: Record<Result, number>
  lines_left_out: number
  totals: string
  payouts_total: number
  payouts_wrong: number
  wrongPayouts: string
  booked_fees: number
  booked_payouts: number
  actor: string
  started_at: string
  finished_at: string
}

type ReportRow = Omit<StoredReport, 'outcomes' | 'from' | 'to' | 'started_at' | 'finished_at'> &
  Record<Result, number> & { from: Date | null; to: Date | null; started_at: Date; finished_at: Date }

const reportFields = `report_id as id, provider, file_name, encode(file_sha256, 'hex') as file_sha256, format, from_at as "from", to_at as "to",
  lines, other_lines, ${results.join(', ')}, lines_left_out, totals::text, payouts_total, payouts_wrong,
  wrong_payouts::text as "wrongPayouts", booked_fees, booked_payouts, actor, started_at, finished_at`

function toReport(row: ReportRow): StoredReport {
  const { from, to, started_at: startedAt, finished_at: finishedAt, ...rest } = row
  const fields = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !results.some(result => result === name)),
  ) as Omit<StoredReport, 'outcomes' | 'from' | 'to' | 'started_at' | 'finished_at'>
  return {
    ...fields,
    outcomes: Object.fromEntries(results.map(result => [result, row[result]])) as Record<Result, number>,
    from: from?.toISOString() ?? null,
    to: to?.toISOString() ?? null,
    started_at: startedAt.toISOString(),
    finished_at: finishedAt.toISOString(),
  }
}

/** @returns undefined when there is no such report */
export async function readReport(pool: Pool, id: string): Promise<StoredReport | undefined> {
  const { rows } = await pool.query<ReportRow>(`select ${reportFields} from settlement_reports where report_id = $1`, [
    id,
  ])
  return rows[0] && toReport(rows[0])
}

/** A page of reports, newest first. @param after the report before the page */
export async function listReports(
  pool: Pool,
  provider: string | undefined,
  after: TimedPosition | undefined,
  limit: number,
): Promise<StoredReport[]> {
  const values: unknown[] = []
  const value = (given: unknown) => `$${values.push(given)}`
  const conditions = ['true']
  if (provider !== undefined) conditions.push(`provider = ${value(provider)}`)
  if (after !== undefined) {
    const place = `${value(new Date(after.atMs))}::timestamptz, ${value(after.id)}`
    conditions.push(`(finished_at, report_id) < (${place})`)
  }
  const { rows } = await pool.query<ReportRow>(
    `select ${reportFields} from settlement_reports where ${conditions.join(' and ')}
      order by finished_at desc, report_id desc limit ${limit}`,
    values,
  )
  return rows.map(toReport)
}

/** A line of a report as it is stored; amounts are whole numbers in decimal. */
export type StoredReportLine = {
  number: number
  outcome: Result
  row: number | null
  line_id: string | null
  kind: string
  order_uid: string | null
  payment_id: string | null
  reference: string | null
  currency: string | null
  amount: string | null
  net_currency: string | null
  fee: string | null
  ours_currency: string | null
  ours_amount: string | null
}

/** Lines of a report by their numbers. @param outcomes undefined: all @param after the number of the line before the page */
export async function listReportLines(
  pool: Pool,
  id: string,
  outcomes: readonly Result[] | undefined,
  after: number,
  limit: number,
): Promise<StoredReportLine[]> {
  const walk = (condition: string) =>
    `(select * from settlement_report_lines where report_id = $1 and number > $2 and ${condition} order by number limit ${limit})`
  // An index has the lines of one outcome in their order.
  const each = [...new Set(outcomes)]
  const walks = outcomes === undefined ? [walk('true')] : each.map((_, index) => walk(`outcome = $${index + 3}`))
  const { rows } = await pool.query<StoredReportLine>(
    `select number, outcome, file_row as row, line_id, kind, order_uid, payment_id, reference, currency, amount::text, net_currency,
            fee::text, ours_currency, ours_amount::text
       from (${walks.join(' union all ')}) lines
      order by number limit ${limit}`,
    [id, after, ...each],
  )
  return rows
}
