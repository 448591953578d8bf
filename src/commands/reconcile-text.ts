import { once } from 'node:events'
import { toDecimal } from '../settlements/amount.ts'
import type { ComparedLine } from '../settlements/compared-line.ts'
import type { Reconciliation } from '../settlements/reconcile.ts'
import { csvHeading, csvRow } from '../settlements/report-csv.ts'
import type { KeptReport } from '../settlements/report-store.ts'
import { results } from '../settlements/settlement.ts'
import { table } from './command.ts'

/** The report of `reconcile` in its three forms. */

/** @param listed the differences that are named; there may be more */
export function describeReconciliation(
  provider: string,
  found: Reconciliation,
  listed: readonly ComparedLine[],
): string {
  const { counts, lines, otherLines, period, payouts, payoutsTotal, payoutsWrong, booked, report } = found
  const differences = results.filter(result => result !== 'matched').reduce((sum, result) => sum + counts[result], 0)
  const more = differences - listed.length
  const wrong = payouts.filter(({ off, isBookedOtherwise }) => off !== '0' || isBookedOtherwise)
  return [
    table(
      ['OUTCOME', 'COUNT'],
      results.map(result => [result, String(counts[result])]),
    ),
    ...(listed.length === 0 ? [] : ['', table(headings, listed.map(cellsOf))]),
    ...(listed.length > 0 && more > 0 ? [`and ${more} more: --csv lists all`] : []),
    ...(wrong.length === 0 ? [] : ['', ...wrong.map(sentenceOf)]),
    '',
    `${lines} lines of ${provider}, ${otherLines} of them name no payment; ${payoutsTotal} payouts, ${payoutsTotal - payoutsWrong} of them sum to nothing`,
    period === undefined
      ? 'no time of a payment in the file: use --from and --to to find payments that it lacks'
      : `payments captured from ${isoOf(period.fromMs)} to ${isoOf(period.toMs)} are expected in it`,
    booked === undefined ? 'nothing is booked' : `booked: ${booked.fees} fees, ${booked.payouts} payouts`,
    ...(report === undefined ? [] : [reportSentence(report)]),
  ].join('\n')
}

function reportSentence({ id, isNew }: KeptReport): string {
  return isNew ? `report: ${id}` : `report: ${id}, kept by an earlier run that came to the same; it is already booked`
}

const headings = ['OUTCOME', 'ROW', 'KIND', 'PAYMENT', 'REFERENCE', 'FILE', 'HERE', 'FEE']

function cellsOf(line: ComparedLine): string[] {
  return [
    line.result,
    line.row === null ? '-' : String(line.row),
    line.kind,
    line.payment_id ?? '-',
    printable(line.reference ?? '-'),
    moneyOf(line.amount, line.currency),
    moneyOf(line.ours_amount, line.ours_currency),
    moneyOf(line.fee, line.net_currency),
  ]
}

function sentenceOf({
  payout,
  currency,
  off,
  payoutNet,
  isBookedOtherwise,
}: Reconciliation['payouts'][number]): string {
  const name = printable(payout)
  if (isBookedOtherwise) return `payout ${name}: an earlier file had another amount for it`
  const amount = moneyOf(off, currency)
  if (payoutNet === null) return `payout ${name}: its lines come to ${amount}, and it has no line of its own`
  return `payout ${name}: payments, fees and payout sum to ${amount} and not to nothing`
}

function moneyOf(amount: string | null, currency: string | null): string {
  return amount === null || currency === null ? '-' : `${toDecimal(BigInt(amount), currency)} ${currency}`
}

/** A text of the file is shown without what would move the cursor. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, '�')
}

function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}

/** For programs: amounts are minor units, in decimal where they may exceed 2^53. */
export function reconciliationJson(
  file: { file: string; format: string; provider: string },
  found: Reconciliation,
  listed: readonly ComparedLine[],
): unknown {
  const { period, counts, booked } = found
  return {
    ...file,
    matched: found.isMatched,
    rows: found.rows,
    lines: found.lines,
    other_lines: found.otherLines,
    from: period === undefined ? null : isoOf(period.fromMs),
    to: period === undefined ? null : isoOf(period.toMs),
    outcomes: counts,
    payouts_total: found.payoutsTotal,
    payouts_wrong: found.payoutsWrong,
    payouts: found.payouts.map(payout => ({
      payout: payout.payout,
      currency: payout.currency,
      lines: payout.lines,
      lines_net: payout.linesNet,
      payout_net: payout.payoutNet,
      off: payout.off,
      booked_otherwise: payout.isBookedOtherwise,
    })),
    booked: booked ?? null,
    report: found.report === undefined ? null : { id: found.report.id, new: found.report.isNew },
    differences: listed.map(({ result: outcome, ...line }) => ({ outcome, ...line })),
  }
}

/** Writes lines to standard output as CSV, as fast as it takes them. */
export function csvOf(): { write(lines: readonly ComparedLine[]): Promise<void>; end(): Promise<void> } {
  const { stdout } = process
  let isBegun = false
  const print = async (text: string) => {
    if (!stdout.write(text)) await once(stdout, 'drain')
  }
  const begin = async () => {
    if (isBegun) return
    isBegun = true
    await print(csvHeading)
  }
  return {
    async write(lines) {
      await begin()
      const rows = lines.map(line => csvRow(line.result, line))
      if (rows.length > 0) await print(rows.join(''))
    },
    end: begin,
  }
}
