import { Type } from 'typebox'
import { endOfLines, listOf, nullable, time } from '../platform/view.ts'
import type { StoredReport, StoredReportLine } from './report-queries.ts'
import { lineKinds, results } from './settlement.ts'

/** Reports of reconciliations as they are answered. Amounts are integers in the currency's minor unit; sums may exceed 2^53. */

const count = (description: string) => Type.Integer({ minimum: 0, description })
const amount = (description: string) => Type.Integer({ format: 'int64', description })
const currency = Type.String({ description: 'ISO 4217' })

const differing = results.filter(result => result !== 'matched')

/** What becomes of a line that differs. */
export const outcome = Type.Enum(differing, { title: 'ReconciliationOutcome' })

const outcomes = Type.Object(
  Object.fromEntries(results.map(result => [result, Type.Integer({ minimum: 0 })])) as Record<
    (typeof results)[number],
    ReturnType<typeof Type.Integer>
  >,
  {
    title: 'ReconciliationOutcomes',
    description: 'Lines that name a payment, and payments that no line names, by outcome',
  },
)

const totals = Type.Object(
  {
    currency,
    payments: amount('Positive where the provider owes it, as for refunds and disputes'),
    refunds: amount('Negative where the provider has paid it back'),
    disputes: amount("Negative where the payer's bank has taken it back"),
    fees: amount('What the provider keeps'),
    payouts: amount('What was paid out'),
  },
  { title: 'ReconciliationTotals', description: 'What the lines of the file come to in a currency' },
)

const wrongPayout = Type.Object(
  {
    payout: Type.String(),
    currency,
    lines: count('Lines beside its own'),
    lines_net: nullable(Type.Integer({ format: 'int64' }), { description: 'What they come to; null without any' }),
    payout_net: nullable(Type.Integer({ format: 'int64' }), {
      description: 'What its own lines come to; null without any',
    }),
    off: amount('By how much payments, fees and payout do not sum to nothing'),
    booked_otherwise: Type.Boolean({ description: 'Whether an earlier file had another amount for it' }),
  },
  { title: 'ReconciliationPayout', description: 'A payout that does not sum to nothing' },
)

export const reportView = Type.Object(
  {
    id: Type.String({ description: 'Made of the file and of what the comparison came to' }),
    provider: Type.String(),
    file_name: Type.String(),
    file_sha256: Type.String({ description: '64 hexadecimal digits' }),
    format: Type.String({ examples: ['own', 'stripe'] }),
    from: nullable(time(), { description: 'Payments captured from then on were expected in the file' }),
    to: nullable(time(), { description: 'And until then' }),
    lines: count('Lines of the file'),
    other_lines: count('Lines that name no payment, such as fees and payouts'),
    outcomes,
    matched: Type.Boolean({ description: 'Whether the file and the books agree' }),
    lines_left_out: count('Differences that are counted and not listed'),
    totals: listOf(totals),
    payouts_total: count('Payouts in the file'),
    payouts_wrong: count('Of these, how many do not sum to nothing, or were booked otherwise'),
    booked_fees: count('Fees that this run has booked'),
    booked_payouts: count('Payouts that this run has booked'),
    actor: Type.String(),
    started_at: time(),
    finished_at: time(),
  },
  { title: 'Reconciliation', description: "What comparing a provider's settlement file with the payments came to" },
)

export const reportWithPayoutsView = Type.Object(
  { ...reportView.properties, wrong_payouts: listOf(wrongPayout, { description: 'The first 100 of them' }) },
  { title: 'ReconciliationWithPayouts', description: 'A reconciliation, with the payouts that are wrong' },
)

const text = (description: string) => nullable(Type.String(), { description })
const minor = (description: string) => nullable(Type.Integer({ format: 'int64' }), { description })

export const reportLineView = Type.Object(
  {
    number: Type.Integer({ minimum: 1, description: 'Its place in the report' }),
    outcome,
    row: nullable(Type.Integer({ minimum: 1 }), {
      description: 'Its row in the file; null for a payment that no line names',
    }),
    line_id: text("The provider's id of the line"),
    kind: Type.Enum([...lineKinds], { title: 'SettlementLineKind' }),
    order_uid: text('The order, where a payment was found'),
    payment_id: text('The payment, where one was found'),
    reference: text('What the file calls the payment'),
    currency: text('ISO 4217'),
    amount: minor('In the file'),
    net_currency: text('In which the fee is'),
    fee: minor('In the file'),
    ours_currency: text('ISO 4217'),
    ours_amount: minor('In the payments'),
  },
  { title: 'ReconciliationLine', description: 'A line of a settlement file that differs, or a payment that it lacks' },
)

export const reportLinesEndView = endOfLines('ReconciliationLinesEnd')

/** A report as JSON. Its sums are written as they are stored: no number of JavaScript holds all of them. */
export function reportJson(report: StoredReport, withPayouts: boolean): string {
  const { totals: sums, wrongPayouts, ...fields } = report
  const head = JSON.stringify({
    ...fields,
    matched: differing.every(result => report.outcomes[result] === 0) && report.payouts_wrong === 0,
  }).slice(0, -1)
  return `${head},"totals":${sums}${withPayouts ? `,"wrong_payouts":${wrongPayouts}` : ''}}`
}

/** A line as JSON. Amounts of a line fit a number. */
export function reportLineJson({ amount: ofFile, fee, ours_amount: ours, ...line }: StoredReportLine): string {
  const number = (digits: string | null) => (digits === null ? null : Number(digits))
  return JSON.stringify({ ...line, amount: number(ofFile), fee: number(fee), ours_amount: number(ours) })
}
