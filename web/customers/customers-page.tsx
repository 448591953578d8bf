import type { TargetedSubmitEvent } from 'preact'
import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { textOf } from '../parts/form-dialog.tsx'
import { useFreshModel } from '../parts/fresh.ts'
import { Empty, Failure, Skeleton } from '../parts/states.tsx'
import { Time } from '../parts/time.tsx'
import { ask } from '../platform/api.ts'
import { Latest } from '../platform/latest.ts'
import { PageHead } from '../shell/page.tsx'
import { customerAddress } from './addresses.ts'
import { customersOf, type Order, type RecentCustomer } from './customer.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
/** The newest orders whose customers are listed. */
const ordersMax = 100
const idCharactersMax = 1_000

/** Looks up a customer by id, and lists those of the newest orders. */
export default function CustomersPage() {
  const model = useMemo(
    () => new Latest(async () => customersOf(await ask<Order[]>(`/api/orders?limit=${ordersMax}`))),
    [],
  )
  useFreshModel(model, refreshEveryMs)
  const shown = model.value.value
  const failure = model.failure.value
  return (
    <>
      <PageHead title={texts.title} />
      <Find />
      {failure !== undefined && <Failure error={failure} retry={() => void model.load()} />}
      {shown === undefined && failure === undefined && (
        <div class="card">
          <Skeleton lines={6} />
        </div>
      )}
      {shown?.length === 0 && (
        <Empty title={texts.none}>
          <p>{texts.noneHint}</p>
        </Empty>
      )}
      {shown !== undefined && shown.length > 0 && <Rows customers={shown} />}
    </>
  )
}

function Find() {
  const location = useLocation()
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const id = textOf(new FormData(event.currentTarget), 'id')
    if (id !== '') location.route(customerAddress(id))
  }
  return (
    <section class="filters" aria-label={texts.find}>
      <div class="filter-row">
        <form class="list-search" onSubmit={submit}>
          <input
            type="search"
            name="id"
            aria-label={texts.find}
            placeholder={texts.find}
            maxLength={idCharactersMax}
            autocomplete="off"
            spellcheck={false}
          />
        </form>
      </div>
    </section>
  )
}

function Rows({ customers }: { customers: readonly RecentCustomer[] }) {
  const { columns } = texts
  return (
    <>
      <p class="faint">{texts.ofNewest}</p>
      <table class="rows customers">
        <thead>
          <tr>
            <th scope="col">{columns.customer}</th>
            <th scope="col" class="count">
              {columns.orders}
            </th>
            <th scope="col" class="when">
              {columns.when}
            </th>
          </tr>
        </thead>
        <tbody>
          {customers.map(({ id, orders, lastAt }) => (
            <tr key={id}>
              <td class="what">
                <a href={customerAddress(id)} data-row>
                  {id}
                </a>
              </td>
              <td class="count" data-label={columns.orders}>
                {orders}
              </td>
              <td class="when">
                <Time at={lastAt} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  )
}
