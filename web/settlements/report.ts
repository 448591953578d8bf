import type { Static } from 'typebox'
import type { reportLineView, reportView, reportWithPayoutsView } from '../../src/settlements/report-views.ts'
import { parseExactly } from '../platform/exact-json.ts'
import { count } from '../platform/money.ts'
import { texts } from './texts.ts'

/** A report as the API gives it; its numbers are text, since sums may be more than a number holds. */
export type Report = Texts<Static<typeof reportView>>
export type ReportWithPayouts = Texts<Static<typeof reportWithPayoutsView>>
/** A line of it; the number of the line is its id. */
export type ReportLine = Texts<Static<typeof reportLineView>> & { id: string }

type Texts<Value> = Value extends number
  ? string
  : Value extends readonly (infer Entry)[]
    ? readonly Texts<Entry>[]
    : Value extends object
      ? { [Name in keyof Value]: Texts<Value[Name]> }
      : Value

export const outcomes = [
  'missing_here',
  'missing_there',
  'amount_differs',
  'fee_differs',
  'currency_differs',
  'duplicate',
] as const
export type Outcome = (typeof outcomes)[number]

export function readReports(text: string): Report[] {
  return parseExactly(text) as Report[]
}

export function readReport(text: string): ReportWithPayouts {
  return parseExactly(text) as ReportWithPayouts
}

export function readLines(text: string): ReportLine[] {
  return (parseExactly(text) as Omit<ReportLine, 'id'>[]).map(line => ({ ...line, id: line.number }))
}

/** How many differences a report counts. */
export function differencesOf({ outcomes: counts }: Report): number {
  return outcomes.reduce((sum, outcome) => sum + Number(counts[outcome]), 0)
}

/** What a report came to, in a word or two. */
export function resultText(report: Report): string {
  const [differences, payouts] = [differencesOf(report), Number(report.payouts_wrong)]
  if (differences > 0) return texts.differences(count(differences), differences === 1)
  return payouts > 0 ? texts.payoutsOff(count(payouts), payouts === 1) : texts.matched
}
