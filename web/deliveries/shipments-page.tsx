import { useSignal } from '@preact/signals'
import { useEffect, useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { useFreshList } from '../parts/fresh.ts'
import { ListContent } from '../parts/list-content.tsx'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { shipmentsAddress } from './addresses.ts'
import { BulkBar } from './bulk-bar.tsx'
import type { Shipment } from './shipment.ts'
import { readFilter, type ShipmentFilter, toParameters } from './shipment-filter.ts'
import { ShipmentFilters } from './shipment-filters.tsx'
import { ShipmentRows } from './shipment-rows.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 3_000
const pageSize = 50
/** The most that are moved at once. */
const selectedMax = 500

const noFilter: ShipmentFilter = { state: [], work: 'all', carrier: '', order_uid: '', tracking_number: '' }

/** The shipments of all orders, newest first; several can be packed, shipped and printed at once. */
export default function ShipmentsPage() {
  const location = useLocation()
  const filter = readFilter(location.query)
  const query = new URLSearchParams({ ...toParameters(filter), limit: String(pageSize) }).toString()
  const list = useMemo(() => new PagedList<Shipment>(`/api/shipments?${query}`), [query])
  useFreshList(list, refreshEveryMs)
  const selected = useSignal<ReadonlySet<string>>(new Set())
  useEffect(() => {
    selected.value = new Set()
  }, [query, selected])
  const select = (ids: Iterable<string>) => {
    selected.value = new Set([...ids].slice(0, selectedMax))
  }
  const change = (to: Partial<ShipmentFilter>) =>
    location.route(shipmentsAddress(toParameters({ ...filter, ...to })), true)
  const isNarrowed = Object.keys(toParameters(filter)).length > 0
  return (
    <>
      <PageHead title={texts.title} />
      <ShipmentFilters filter={filter} change={change} open={address => location.route(address)} />
      <ListContent
        list={list}
        lines={8}
        none={isNarrowed ? texts.noMatch : texts.none}
        hint={isNarrowed ? texts.noMatchHint : texts.noneHint}
        clear={isNarrowed ? () => change(noFilter) : undefined}
        more={texts.more}
      >
        {rows => (
          <>
            <BulkBar selected={selected.value} select={select} renew={() => list.renew()} />
            <ShipmentRows shipments={rows} selected={selected.value} select={select} />
          </>
        )}
      </ListContent>
    </>
  )
}
