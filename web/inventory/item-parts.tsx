import { count, money } from '../platform/money.ts'
import { type Item, type Stock, tones } from './item.ts'
import { texts } from './texts.ts'

/** The level of a stock as a tag. */
export function Level({ stock }: { stock: Pick<Stock, 'is_tracked' | 'level'> | undefined }) {
  if (stock?.is_tracked !== true) return <span class="tag">{texts.untracked}</span>
  return <span class={`tag tone-${tones[stock.level]}`}>{texts.levels[stock.level]}</span>
}

/** The first price of an item, and how many others there are. */
export function Price({ prices }: Pick<Item, 'prices'>) {
  const [first, ...others] = Object.entries(prices)
  if (first === undefined) return <span class="faint">{texts.noPrice}</span>
  const [currency, minor] = first
  return (
    <>
      {money(minor, currency)}
      {others.length > 0 && <span class="faint"> {texts.others(others.length)}</span>}
    </>
  )
}

/** A number that was added, with its sign. */
export function signed(units: number): string {
  return units > 0 ? `+${count(units)}` : count(units)
}

/** What an item is called beside its name. */
export function describe({ brand, size, chrt_id: chrtId }: Item): string {
  return [brand, size, texts.number(chrtId)].filter(Boolean).join(' · ')
}
