import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { clock } from '../platform/time.ts'
import { amountsText, type DiscountRow, statusOf, tones, offerOf } from './discount.ts'
import { RowActions } from './price-parts.tsx'
import { texts } from './texts.ts'

const words = texts.discounts

type Props = {
  discounts: readonly DiscountRow[]
  edit: (discount: DiscountRow) => void
  end: (discount: DiscountRow) => void
}

/** Discount codes: what each takes off, how often it is used, and what can be done with it. */
export function DiscountRows({ discounts, edit, end }: Props) {
  const { columns } = words
  return (
    <table class="rows discounts">
      <thead>
        <tr>
          <th scope="col">{columns.code}</th>
          <th scope="col" class="uses">
            {columns.uses}
          </th>
          <th scope="col" class="state">
            {columns.status}
          </th>
          <th scope="col" class="act">
            <span class="hidden">{texts.actions}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {discounts.map(discount => (
          <tr key={discount.id}>
            <td>
              <strong>{discount.code}</strong> <Terms discount={discount} />
            </td>
            <td class="uses">
              <Uses discount={discount} />
            </td>
            <td class="state">
              <StatusTag discount={discount} />
            </td>
            <RowActions
              name={discount.code}
              edit={() => edit(discount)}
              end={discount.active ? { label: texts.deactivate, ask: () => end(discount) } : undefined}
            />
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** What a code takes off, and under which conditions. */
function Terms({ discount }: { discount: DiscountRow }) {
  const { minimums, limit_per_customer: perCustomer, starts_at: starts, ends_at: ends } = discount
  return (
    <ul class="faint">
      <li>{offerOf(discount)}</li>
      {minimums !== null && <li>{words.from(amountsText(minimums))}</li>}
      {perCustomer !== null && <li>{words.perCustomer(count(perCustomer))}</li>}
      {starts !== null && (
        <li>
          {words.starts} <Time at={starts} isAbsolute />
        </li>
      )}
      {ends !== null && (
        <li>
          {words.ends} <Time at={ends} isAbsolute />
        </li>
      )}
    </ul>
  )
}

function Uses({ discount: { uses, limit } }: { discount: DiscountRow }) {
  if (limit === null) return <>{count(uses)}</>
  return (
    <>
      {words.usesOf(count(uses), count(limit))}
      <progress max={limit} value={Math.min(uses, limit)} aria-hidden="true" />
    </>
  )
}

/** It changes by itself, at the time when a code starts or ends. */
function StatusTag({ discount }: { discount: DiscountRow }) {
  const status = statusOf(discount, clock.value)
  return <span class={`tag tone-${tones[status]}`}>{words.statuses[status]}</span>
}
