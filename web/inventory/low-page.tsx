import { useMemo } from 'preact/hooks'
import { useLocation } from 'preact-iso'
import { ListContent } from '../parts/list-content.tsx'
import { useFreshList } from '../parts/fresh.ts'
import { Segments } from '../parts/segments.tsx'
import { commonTexts } from '../parts/texts.ts'
import { count } from '../platform/money.ts'
import { PagedList } from '../platform/paged.ts'
import { PageHead } from '../shell/page.tsx'
import { itemAddress, lowAddress } from './addresses.ts'
import { useItems } from './by-number.ts'
import { type Item, readStocks, type StockRow } from './item.ts'
import { describe, Level } from './item-parts.tsx'
import { texts } from './texts.ts'

const refreshEveryMs = 5_000
const pageSize = 50
const levels = ['all', 'low', 'out_of_stock'] as const
const words = texts.low

/** A work list: the items that are low or out of stock. */
export default function LowPage() {
  const location = useLocation()
  const level = levels.find(level => level === location.query.level) ?? 'all'
  const list = useMemo(() => {
    const wanted = level === 'all' ? 'low,out_of_stock' : level
    return new PagedList<StockRow>(`/api/stock?level=${wanted}&limit=${pageSize}`, readStocks)
  }, [level])
  useFreshList(list, refreshEveryMs)
  return (
    <>
      <PageHead title={words.title} />
      <section class="filters" aria-label={commonTexts.filters}>
        <div class="filter-row">
          <Segments
            legend={words.level}
            name="level"
            options={levels}
            chosen={level}
            choose={chosen => location.route(lowAddress(chosen === 'all' ? {} : { level: chosen }), true)}
            label={option => words.levels[option]}
          />
        </div>
      </section>
      <Content list={list} isNarrowed={level !== 'all'} />
    </>
  )
}

function Content({ list, isNarrowed }: { list: PagedList<StockRow>; isNarrowed: boolean }) {
  const rows = list.rows.value
  const chrtIds = useMemo(() => rows?.map(row => row.chrt_id), [rows])
  const items = useItems(chrtIds)
  return (
    <ListContent
      list={list}
      failure={items.failure}
      none={isNarrowed ? words.noMatch : words.none}
      hint={isNarrowed ? undefined : words.noneHint}
      more={texts.more}
    >
      {rows => <Rows stocks={rows} items={items.found} />}
    </ListContent>
  )
}

type RowsProps = { stocks: readonly StockRow[]; items: ReadonlyMap<number, Item> | undefined }

function Rows({ stocks, items }: RowsProps) {
  const { columns } = words
  const numbers = ['available', 'on_hand', 'reserved'] as const
  return (
    <table class="rows low-stock">
      <thead>
        <tr>
          <th scope="col">{columns.item}</th>
          <th scope="col" class="level">
            {columns.level}
          </th>
          {numbers.map(name => (
            <th key={name} scope="col" class="amount">
              {columns[name]}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {stocks.map(stock => (
          <tr key={stock.id}>
            <td class="what">
              <a href={itemAddress(stock.chrt_id)} data-row>
                <ItemName chrtId={stock.chrt_id} item={items?.get(stock.chrt_id)} />
              </a>
            </td>
            <td class="level">
              <Level stock={stock} />
            </td>
            {numbers.map(name => (
              <td key={name} class="amount" data-label={columns[name]}>
                {count(stock[name])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function ItemName({ chrtId, item }: { chrtId: number; item: Item | undefined }) {
  if (item === undefined) return <>{texts.number(chrtId)}</>
  return (
    <>
      {item.name} <span class="faint">{describe(item)}</span>
    </>
  )
}
