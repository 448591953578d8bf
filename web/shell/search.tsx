import type { TargetedSubmitEvent } from 'preact'
import { useLocation } from 'preact-iso'
import { Icon } from '../parts/icon.tsx'
import { ask } from '../platform/api.ts'
import { orderAddress, ordersAddress, routes } from '../routes.ts'
import { texts } from '../texts.ts'

/** Finds orders by their id, tracking number or customer, from any page. What only one order has leads to that order. */
export function Search() {
  const location = useLocation()
  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault()
    const field = event.currentTarget.querySelector('input')
    const q = field?.value.trim() ?? ''
    if (q === '') return location.route(routes.orders)
    const query = new URLSearchParams({ q, limit: '2' })
    const found = await ask<{ order_uid: string }[]>(`/api/orders?${query}`).catch(() => [])
    const [only] = found
    location.route(found.length === 1 && only !== undefined ? orderAddress(only.order_uid) : ordersAddress({ q }))
    field?.blur()
  }
  return (
    <search>
      <form class="search" onSubmit={submit}>
        <Icon name="search" />
        <input
          type="search"
          name="q"
          data-search
          aria-label={texts.search.label}
          placeholder={texts.search.placeholder}
          maxLength={300}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
        />
        <kbd>/</kbd>
      </form>
    </search>
  )
}
