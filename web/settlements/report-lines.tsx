import { useEffect, useMemo } from 'preact/hooks'
import { orderAddress } from '../orders/addresses.ts'
import { MoreButton } from '../parts/more-button.tsx'
import { Segments } from '../parts/segments.tsx'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { count, money } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { paymentAddress } from '../payments/addresses.ts'
import { differencesOf, type Outcome, outcomes, type Report, type ReportLine, readLines } from './report.ts'
import { texts } from './texts.ts'

const words = texts.lines
const pageSize = 100

type Props = { report: Report; chosen: Outcome | undefined; choose: (outcome: Outcome | undefined) => void }

/** What differs, narrowed to an outcome. */
export function Differences({ report, chosen, choose }: Props) {
  const all = differencesOf(report)
  const some = outcomes.filter(outcome => Number(report.outcomes[outcome]) > 0 || outcome === chosen)
  const narrowed = chosen === undefined ? '' : `&outcome=${chosen}`
  const address = `/api/reconciliations/${encodeURIComponent(report.id)}/lines?limit=${pageSize}${narrowed}`
  const list = useMemo(() => new PagedList<ReportLine>(address, readLines), [address])
  useEffect(() => void list.renew(), [list])
  if (all === 0 && chosen === undefined) {
    return (
      <Empty title={words.none}>
        <p>{words.noneHint}</p>
      </Empty>
    )
  }
  return (
    <section class="stack differences-list" aria-labelledby="differences-title">
      <h2 id="differences-title" class="hidden">
        {words.title}
      </h2>
      <Segments
        legend={texts.outcome}
        name="outcome"
        options={['all', ...some]}
        chosen={chosen ?? 'all'}
        choose={option => choose(option === 'all' ? undefined : option)}
        label={option => (
          <>
            {option === 'all' ? words.all : texts.outcomes[option]}{' '}
            <small>{count(option === 'all' ? all : Number(report.outcomes[option]))}</small>
          </>
        )}
      />
      {chosen !== undefined && <p class="faint">{texts.meanings[chosen]}</p>}
      <Content list={list} />
      {Number(report.lines_left_out) > 0 && <p class="faint">{words.leftOut(count(Number(report.lines_left_out)))}</p>}
    </section>
  )
}

function Content({ list }: { list: PagedList<ReportLine> }) {
  const rows = list.rows.value
  const failure = list.failure.value
  return (
    <>
      {failure !== undefined && <Failure error={failure} retry={() => void list.renew()} />}
      {rows === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={6} />
        </div>
      )}
      {rows?.length === 0 && <Empty title={words.noMatch} />}
      {rows !== undefined && rows.length > 0 && (
        <>
          <Lines lines={rows} />
          <MoreButton list={list} label={texts.more} />
        </>
      )}
    </>
  )
}

function Lines({ lines }: { lines: readonly ReportLine[] }) {
  const { columns } = words
  return (
    <table class="rows differences">
      <thead>
        <tr>
          <th scope="col" class="outcome">
            {columns.outcome}
          </th>
          <th scope="col">{columns.about}</th>
          <th scope="col" class="amount">
            {columns.file}
          </th>
          <th scope="col" class="amount">
            {columns.ours}
          </th>
          <th scope="col" class="amount">
            {columns.fee}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <tr key={line.id}>
            <td class="outcome">
              <span class="tag tone-attention">{texts.outcomes[line.outcome]}</span>
              <p class="faint">
                {texts.kinds[line.kind]}
                {line.row !== null && ` · ${words.row(count(Number(line.row)))}`}
              </p>
            </td>
            <td>
              <About line={line} />
            </td>
            <td class="amount" data-label={columns.file}>
              {amountText(line.amount, line.currency)}
            </td>
            <td class="amount" data-label={columns.ours}>
              {amountText(line.ours_amount, line.ours_currency)}
            </td>
            <td class="amount" data-label={columns.fee}>
              {amountText(line.fee, line.net_currency)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** The payment and its order with links, where one was found; otherwise what the file calls it. */
function About({ line }: { line: ReportLine }) {
  const { order_uid: uid, payment_id: paymentId, reference, line_id: lineId } = line
  return (
    <ul>
      {paymentId !== null && paymentId !== uid && (
        <li>
          <span class="faint">{words.payment}</span> <a href={paymentAddress(paymentId)}>{paymentId}</a>
        </li>
      )}
      {uid !== null && (
        <li>
          <span class="faint">{words.order}</span> <a href={orderAddress(uid)}>{uid}</a>
        </li>
      )}
      {reference !== null && reference !== paymentId && reference !== uid && (
        <li>
          <span class="faint">{words.reference}</span> {reference}
        </li>
      )}
      {lineId !== null && (
        <li>
          <span class="faint">{words.line}</span> {lineId}
        </li>
      )}
    </ul>
  )
}

function amountText(amount: string | null, currency: string | null): string {
  return amount === null || currency === null ? words.nothing : money(amount, currency)
}
