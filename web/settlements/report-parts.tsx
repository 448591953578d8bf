import { Time } from '../parts/time.tsx'
import { count, money } from '../platform/money.ts'
import { type Report, type ReportWithPayouts, resultText } from './report.ts'
import { texts } from './texts.ts'

/** Whether a file and the payments agree, as a tag. */
export function ReportResult({ report }: { report: Report }) {
  return <span class={`tag tone-${report.matched ? 'good' : 'attention'}`}>{resultText(report)}</span>
}

/** What file it was, and what was booked. */
export function Facts({ report }: { report: Report }) {
  const words = texts.facts
  const shown = (digits: string) => count(Number(digits))
  const { from, to } = report
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <dl class="pairs">
        <dt>{words.provider}</dt>
        <dd>{report.provider}</dd>
        <dt>{words.format}</dt>
        <dd>{report.format}</dd>
        <dt>{words.period}</dt>
        <dd>
          {from === null || to === null ? (
            words.noPeriod
          ) : (
            <>
              <Time at={from} isAbsolute /> <br />
              <Time at={to} isAbsolute />
            </>
          )}
        </dd>
        <dt>{words.lines}</dt>
        <dd>{words.otherLines(shown(report.lines), shown(report.other_lines))}</dd>
        <dt>{words.matched}</dt>
        <dd>{shown(report.outcomes.matched)}</dd>
        <dt>{words.payouts}</dt>
        <dd>{shown(report.payouts_total)}</dd>
        <dt>{words.booked}</dt>
        <dd>{words.bookedValue(shown(report.booked_fees), shown(report.booked_payouts))}</dd>
        <dt>{words.actor}</dt>
        <dd>{report.actor}</dd>
        <dt>{words.finished}</dt>
        <dd>
          <Time at={report.finished_at} isAbsolute />
        </dd>
        <dt>{words.id}</dt>
        <dd>{report.id}</dd>
        <dt>{words.digest}</dt>
        <dd>{report.file_sha256}</dd>
      </dl>
    </section>
  )
}

/** What the lines of the file come to, by currency. Shows nothing for a file without money. */
export function Totals({ report: { totals } }: { report: Report }) {
  if (totals.length === 0) return null
  return (
    <section class="card" aria-labelledby="totals-title">
      <h2 id="totals-title">{texts.totals.title}</h2>
      {totals.map(({ currency, ...sums }) => (
        <dl key={currency} class="pairs currency-totals" aria-label={currency}>
          {names.map(name => (
            <div key={name}>
              <dt>{texts.totals[name]}</dt>
              <dd class="amount">{money(sums[name], currency)}</dd>
            </div>
          ))}
        </dl>
      ))}
    </section>
  )
}

const names = ['payments', 'refunds', 'disputes', 'fees', 'payouts'] as const

/** Payouts whose lines do not sum to nothing. Shows nothing where all do. */
export function WrongPayouts({ report }: { report: ReportWithPayouts }) {
  const { wrong_payouts: wrong, payouts_wrong: all } = report
  if (wrong.length === 0) return null
  const words = texts.payouts
  return (
    <section class="card" aria-labelledby="payouts-title">
      <h2 id="payouts-title">{words.title}</h2>
      <ul class="wrong-payouts">
        {wrong.map(({ payout, currency, off, payout_net: net, booked_otherwise: isBookedOtherwise }) => (
          <li key={`${payout} ${currency}`}>
            <span class="reference">{payout}</span>{' '}
            <span class="faint">
              {isBookedOtherwise ? words.otherwise : (net === null ? words.noLine : words.off)(money(off, currency))}
            </span>
          </li>
        ))}
      </ul>
      {wrong.length < Number(all) && <p class="faint">{words.first(count(wrong.length), count(Number(all)))}</p>}
    </section>
  )
}
