import type { ComponentChildren } from 'preact'
import { Time } from '../parts/time.tsx'
import { count, money } from '../platform/money.ts'
import type { Item } from './item.ts'
import { texts } from './texts.ts'

const words = texts.facts

/** The fields of an item. */
export function ItemFacts({ item }: { item: Item }) {
  return (
    <section class="card" aria-labelledby="facts-title">
      <h2 id="facts-title">{words.title}</h2>
      <dl class="pairs">
        {factsOf(item).map(([label, value]) => [<dt key={label}>{label}</dt>, <dd key={`${label}-value`}>{value}</dd>])}
      </dl>
    </section>
  )
}

/** What is said of an item, each with its label; what is empty is left out. */
function factsOf(item: Item): (readonly [label: string, value: ComponentChildren])[] {
  const { max_quantity: max, max_per_customer: perCustomer, low_stock: low, available_from: from } = item
  const prices = Object.entries(item.prices).map(([currency, minor]) => money(minor, currency))
  const most = max === null ? undefined : count(max)
  const facts: (readonly [string, ComponentChildren])[] = [
    [words.number, item.chrt_id],
    [words.product, item.nm_id],
    [words.brand, item.brand],
    [words.size, item.size],
    [words.prices, prices.length === 0 ? texts.noPrice : prices.join(' · ')],
    [words.sale, item.sale === 0 ? '' : words.percent(item.sale)],
    [words.taxClass, item.tax_class],
    [words.quantity, words.quantities(count(item.min_quantity), most, count(item.quantity_step))],
    [words.perCustomer, perCustomer === null ? '' : count(perCustomer)],
    [words.backorder, backordersOf(item)],
    [words.low, low === null ? words.lowPreset : count(low)],
    [words.from, from === null ? '' : <Time key="from" at={from} isAbsolute />],
    [words.changed, <Time key="changed" at={item.updated_at} />],
  ]
  return facts.filter(([, value]) => value !== '')
}

function backordersOf({ backorder, backorder_limit: limit }: Item): string {
  if (backorder === 'refuse') return words.backorderRefused
  return words.backorders(limit === null ? undefined : count(limit))
}
