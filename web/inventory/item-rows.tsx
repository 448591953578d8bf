import { count } from '../platform/money.ts'
import { itemAddress } from './addresses.ts'
import type { Item, Stock } from './item.ts'
import { describe, Level, Price } from './item-parts.tsx'
import { texts } from './texts.ts'

type Props = {
  items: readonly Item[]
  /** By the numbers of items; undefined until they are read. */
  stocks: ReadonlyMap<number, Stock> | undefined
}

/** Items: what each is, what it costs and what there is of it. */
export function ItemRows({ items, stocks }: Props) {
  const { columns } = texts
  return (
    <table class="rows items">
      <thead>
        <tr>
          <th scope="col">{columns.item}</th>
          <th scope="col" class="amount">
            {columns.price}
          </th>
          <th scope="col" class="amount">
            {columns.available}
          </th>
          <th scope="col" class="level">
            {columns.level}
          </th>
        </tr>
      </thead>
      <tbody>
        {items.map(item => (
          <Row key={item.chrt_id} item={item} stock={stocks?.get(item.chrt_id)} isRead={stocks !== undefined} />
        ))}
      </tbody>
    </table>
  )
}

function Row({ item, stock, isRead }: { item: Item; stock: Stock | undefined; isRead: boolean }) {
  return (
    <tr>
      <td class="what">
        <a href={itemAddress(item.chrt_id)} data-row>
          {item.name} <span class="faint">{describe(item)}</span>
        </a>
      </td>
      <td class="amount price">
        <Price prices={item.prices} />
      </td>
      <td class="amount" data-label={texts.columns.available}>
        {stock !== undefined && count(stock.available)}
      </td>
      <td class="level">
        {isRead ? <Level stock={stock} /> : <span class="faint">{texts.unread}</span>}
        {!item.active && (
          <>
            {' '}
            <span class="tag">{texts.inactive}</span>
          </>
        )}
      </td>
    </tr>
  )
}
