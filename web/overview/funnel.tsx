import { ordersAddress } from '../orders/addresses.ts'
import { statusText } from '../parts/status.tsx'
import { count } from '../platform/money.ts'
import { texts } from './texts.ts'

/** Counts orders by status; each count links to the list. */
export function Funnel({ statuses }: { statuses: Record<string, number> }) {
  const most = Math.max(...Object.values(statuses), 1)
  return (
    <section class="card">
      <h2>{texts.statuses}</h2>
      <ul class="funnel">
        {Object.entries(statuses).map(([status, orders]) => (
          <li key={status}>
            <a href={ordersAddress({ status })}>
              <span>{statusText(status)}</span>
              <span class="number">{count(orders)}</span>
              <span class={`bar bar-${status}`} style={{ '--share': `${(100 * orders) / most}%` }} />
            </a>
          </li>
        ))}
      </ul>
    </section>
  )
}
