import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Time } from '../parts/time.tsx'
import { money } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { paymentAddress, paymentsAddress } from './addresses.ts'
import type { Payment } from './payment.ts'
import { type PaymentFilter, readFilter, toParameters } from './payment-filter.ts'
import { PaymentFilters } from './payment-filters.tsx'
import { PaymentState } from './payment-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 3_000
const pageSize = 50

/** The payments of all orders, newest first. */
export default function PaymentsPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const query = new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<Payment>(`/api/payments?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  const change = (to: Partial<PaymentFilter>) =>
    location.route(paymentsAddress(toParameters({ ...filter, ...to })), true)
  const isNarrowed = Object.keys(toParameters(filter)).length > 0
  return (
    <>
      <PageHead title={texts.title} />
      <PaymentFilters filter={filter} change={change} open={id => location.route(paymentAddress(id))} />
      <ListContent
        list={list}
        lines={8}
        none={isNarrowed ? texts.noMatch : texts.none}
        hint={isNarrowed ? texts.noMatchHint : texts.noneHint}
        clear={isNarrowed ? () => change({ state: [], provider: '', order_uid: '' }) : undefined}
        more={texts.more}
      >
        {rows => <Rows payments={rows} />}
      </ListContent>
    </>
  )
}

function Rows({ payments }: { payments: readonly Payment[] }) {
  const { columns } = texts
  return (
    <table class="rows payments">
      <thead>
        <tr>
          <th scope="col">{columns.payment}</th>
          <th scope="col">{columns.order}</th>
          <th scope="col" class="provider">
            {columns.provider}
          </th>
          <th scope="col" class="state">
            {columns.state}
          </th>
          <th scope="col" class="when">
            {columns.when}
          </th>
        </tr>
      </thead>
      <tbody>
        {payments.map(payment => (
          <tr key={payment.id}>
            <td class="what">
              <a href={paymentAddress(payment.id)} data-row>
                <span class="amount">{money(payment.amount, payment.currency)}</span>{' '}
                <span class="uid faint">{payment.id}</span>
              </a>
            </td>
            <td class="order-of">{payment.order_uid}</td>
            <td class="provider">{payment.provider}</td>
            <td class="state">
              <PaymentState payment={payment} />
            </td>
            <td class="when">
              <Time at={payment.created_at} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}
