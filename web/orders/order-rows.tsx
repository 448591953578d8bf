import { useEffect, useRef } from 'preact/hooks'
import { Status } from '../parts/status.tsx'
import { commonTexts } from '../parts/texts.ts'
import { Time } from '../parts/time.tsx'
import { count, money } from '../platform/money.ts'
import { orderAddress } from './addresses.ts'
import type { OrderList, OrderRow } from './order-list.ts'
import { texts } from './texts.ts'
import { useRowWindow } from './window-of-rows.ts'

/** Rows before the end at which the next page is read. */
const aheadRows = 40

/** The rows of a list. Only the visible ones are in the document. */
export function OrderRows({ list }: { list: OrderList }) {
  const place = useRef<HTMLTableSectionElement>(null)
  const rows = list.rows.value
  const { first, last, rowHeight } = useRowWindow(place, rows.length)
  const isNearEnd = last + aheadRows >= rows.length
  const canGoOn = isNearEnd && !list.isComplete.value && list.failure.value === undefined
  useEffect(() => {
    if (canGoOn) void list.more()
  }, [canGoOn, rows.length, list])
  return (
    <>
      <table class="table" aria-label={texts.title} aria-rowcount={list.isComplete.value ? rows.length : -1}>
        <thead>
          <tr>
            {texts.columns.map(([name, column]) => (
              <th key={name} class={name} scope="col">
                {column}
              </th>
            ))}
          </tr>
        </thead>
        <tbody ref={place} style={{ height: `${rows.length * rowHeight}px` }}>
          {rows.slice(first, last).map((row, index) => (
            <Row key={row.uid} row={row} index={first + index} top={(first + index) * rowHeight} />
          ))}
        </tbody>
      </table>
      <p class="table-foot faint" role="status">
        {list.isLoading.value && commonTexts.loading}
        {list.isComplete.value && rows.length > 0 && texts.end(count(rows.length))}
      </p>
    </>
  )
}

function Row({ row, index, top }: { row: OrderRow; index: number; top: number }) {
  return (
    <tr aria-rowindex={index + 1} style={{ transform: `translateY(${top}px)` }}>
      <td class="uid">
        <a href={orderAddress(row.uid)} data-row>
          {row.uid}
        </a>
      </td>
      <td class="customer">{row.customer}</td>
      <td class="when">
        <Time at={row.placedAt} />
      </td>
      <td class="items">{texts.items(row.items)}</td>
      <td class="state">
        <Status value={row.status} />
        <Status value={row.paymentStatus} />
      </td>
      <td class="amount">{money(row.amount, row.currency)}</td>
    </tr>
  )
}
