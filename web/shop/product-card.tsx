import { useSignal } from '@preact/signals'
import { useId } from 'preact/hooks'
import { money } from '../platform/money.ts'
import { addToCart } from './basket.ts'
import { fewestOf, type Product, priceAfterSale, type ShopItem } from './catalogue.ts'
import { Drawing } from './drawing.tsx'
import { Problem } from './parts.tsx'
import { say } from './said.ts'
import { texts } from './texts.ts'

const words = texts.catalogue
/** Fewer units are told. */
const fewUnits = 6

/** A product, its sizes, and the button that adds it to the cart. */
export function ProductCard({ product, currency }: { product: Product; currency: string }) {
  const { name, brand, items, nmId } = product
  const chosen = useSignal(items.find(isAvailable)?.chrt_id)
  const failure = useSignal<unknown>(undefined)
  const isRunning = useSignal(false)
  const headingId = useId()
  const item = items.find(({ chrt_id }) => chrt_id === chosen.value) ?? items[0]
  if (item === undefined) return null
  const add = async () => {
    if (isRunning.value) return
    isRunning.value = true
    failure.value = undefined
    try {
      await addToCart(item.chrt_id, fewestOf(item), currency)
      say(words.added(name))
    } catch (error) {
      failure.value = error
    } finally {
      isRunning.value = false
    }
  }
  const canBuy = isAvailable(item) && item.prices[currency] !== undefined
  return (
    <li class="card product">
      <article aria-labelledby={headingId}>
        <Drawing name={name} nmId={nmId} />
        <h2 id={headingId}>{name}</h2>
        <p class="faint">{brand}</p>
        <Price item={item} currency={currency} />
        <Sizes product={product} chosen={item} choose={chrtId => (chosen.value = chrtId)} />
        <p class={canBuy ? 'faint' : 'attention'}>{availabilityOf(item)}</p>
        {failure.value !== undefined && <Problem error={failure.value} />}
        <button type="button" disabled={!canBuy} onClick={add}>
          {words.add} <span class="hidden">{name}</span>
        </button>
      </article>
    </li>
  )
}

function Price({ item: { prices, sale }, currency }: { item: ShopItem; currency: string }) {
  const price = prices[currency]
  if (price === undefined) return <p class="price">{words.noPrice(currency)}</p>
  if (sale === 0) return <p class="price">{money(price, currency)}</p>
  return (
    <p class="price">
      {money(priceAfterSale(price, sale), currency)} <span class="hidden">{words.before}</span>
      <s class="faint">{money(price, currency)}</s> <span class="tag tone-good">{words.sale(sale)}</span>
    </p>
  )
}

type SizesProps = { product: Product; chosen: ShopItem; choose: (chrtId: number) => void }

function Sizes({ product: { items, name }, chosen, choose }: SizesProps) {
  if (items.length < 2)
    return <p class="faint">{chosen.size === '' ? words.onlySize : `${words.size} ${chosen.size}`}</p>
  return (
    <select
      aria-label={words.sizeOf(name)}
      value={String(chosen.chrt_id)}
      onChange={event => choose(Number(event.currentTarget.value))}
    >
      {items.map(item => (
        <option key={item.chrt_id} value={String(item.chrt_id)}>
          {isAvailable(item) ? item.size : `${item.size}, ${words.soldOut.toLowerCase()}`}
        </option>
      ))}
    </select>
  )
}

function isAvailable(item: ShopItem): boolean {
  return item.available === null || item.available >= fewestOf(item)
}

function availabilityOf(item: ShopItem): string {
  if (!isAvailable(item)) return words.soldOut
  return item.available !== null && item.available < fewUnits ? words.left(item.available) : words.available
}
