import { useMemo } from 'preact/hooks'
import { orderAddress } from '../orders/addresses.ts'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Time } from '../parts/time.tsx'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { itemAddress } from './addresses.ts'
import { useItems, useStocks } from './by-number.ts'
import { type Item, readShortfalls, type Shortfall, type Stock } from './item.ts'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const words = texts.shortfalls

/** A work list: the orders that wait for stock, in the order in which they get it. */
export default function ShortfallsPage() {
  const list = useMemo(() => new PagedList<Shortfall>(`/api/shortfalls?limit=${pageSize}`, readShortfalls), [])
  useFreshList(list, refreshEveryMs)
  const rows = list.rows.value
  const chrtIds = useMemo(() => rows?.flatMap(({ items }) => items.map(item => item.chrt_id)), [rows])
  const items = useItems(chrtIds)
  const stocks = useStocks(chrtIds)
  return (
    <>
      <PageHead title={words.title} />
      <ListContent
        list={list}
        failure={items.failure ?? stocks.failure}
        none={words.none}
        hint={words.noneHint}
        more={texts.more}
      >
        {rows => <Rows shortfalls={rows} items={items.found} stocks={stocks.found} />}
      </ListContent>
    </>
  )
}

type Known = {
  items: ReadonlyMap<number, Item> | undefined
  stocks: ReadonlyMap<number, Stock> | undefined
}

function Rows({ shortfalls, ...known }: Known & { shortfalls: readonly Shortfall[] }) {
  const { columns } = words
  return (
    <table class="rows shortfalls">
      <thead>
        <tr>
          <th scope="col">{columns.order}</th>
          <th scope="col">{columns.items}</th>
          <th scope="col" class="when">
            {columns.since}
          </th>
        </tr>
      </thead>
      <tbody>
        {shortfalls.map(({ order_uid: uid, items, since, holds_order: isHeld }) => (
          <tr key={uid}>
            <td>
              <a href={orderAddress(uid)} data-row>
                {uid}
              </a>{' '}
              {isHeld && <span class="tag tone-attention">{words.held}</span>}
            </td>
            <td>
              <ul>
                {items.map(item => (
                  <Wanted key={item.chrt_id} of={item} {...known} />
                ))}
              </ul>
            </td>
            <td class="when">
              <Time at={since} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

/** An item that an order waits for, beside what is available of it now. */
function Wanted({ of, items, stocks }: Known & { of: Shortfall['items'][number] }) {
  const { chrt_id: chrtId, quantity } = of
  const available = stocks?.get(chrtId)?.available
  return (
    <li>
      <a href={itemAddress(chrtId)}>{items?.get(chrtId)?.name ?? texts.number(chrtId)}</a>{' '}
      <span class="faint">
        {words.item(count(quantity), available === undefined ? texts.unread : count(available))}
      </span>
    </li>
  )
}
