import type { DeliveryMethod } from '../carts/delivery-method.ts'
import type { Discount } from '../carts/discount.ts'
import type { TaxRate } from '../carts/tax-rate.ts'
import type { Item } from '../inventory/item.ts'

/** What the demo shop sells. Prices are in the minor unit of each currency. */

/** A demo item, and how many units of it are on hand at first. */
export type DemoItem = Readonly<{ item: Omit<Item, 'updatedAtMs'>; onHand: number }>

/** Products, each with its sizes and the units on hand of each. */
const products = [
  { name: 'Canvas tote bag', brand: 'Northway', usd: 1900, eur: 1800, sale: 0, sizes: { '': 60 } },
  { name: 'Enamel mug', brand: 'Northway', usd: 1400, eur: 1300, sale: 0, sizes: { '': 120 } },
  { name: 'Wool blanket', brand: 'Northway', usd: 8900, eur: 8400, sale: 15, sizes: { '': 18 } },
  { name: 'Cotton T-shirt', brand: 'Plain & Co', usd: 2500, eur: 2400, sale: 0, sizes: { S: 40, M: 55, L: 3, XL: 0 } },
  { name: 'Linen shirt', brand: 'Plain & Co', usd: 5900, eur: 5600, sale: 20, sizes: { S: 12, M: 20, L: 14 } },
  { name: 'Rain jacket', brand: 'Halden', usd: 12900, eur: 11900, sale: 0, sizes: { M: 9, L: 7 } },
  { name: 'Trail shoes', brand: 'Halden', usd: 10900, eur: 9900, sale: 10, sizes: { '40': 6, '42': 8, '44': 5 } },
  { name: 'Desk lamp', brand: 'Lumen', usd: 4900, eur: 4500, sale: 0, sizes: { '': 25 } },
  { name: 'Bicycle light', brand: 'Lumen', usd: 2900, eur: 2700, sale: 0, sizes: { '': 80 } },
  { name: 'Pour-over coffee set', brand: 'Kettle House', usd: 3900, eur: 3600, sale: 0, sizes: { '': 30 } },
  { name: 'Coffee beans, 500 g', brand: 'Kettle House', usd: 1600, eur: 1500, sale: 0, sizes: { '': 200 } },
  { name: 'Green tea, 100 g', brand: 'Kettle House', usd: 900, eur: 850, sale: 0, sizes: { '': 150 } },
  { name: 'Notebook', brand: 'Folio', usd: 1200, eur: 1100, sale: 0, sizes: { A5: 90, A4: 45 } },
  { name: 'Fountain pen', brand: 'Folio', usd: 3400, eur: 3200, sale: 25, sizes: { '': 16 } },
  { name: 'Signed print, one of one', brand: 'Folio', usd: 24000, eur: 22000, sale: 0, sizes: { '': 1 } },
] as const

/** Numbers that no sample order uses. */
const firstNumber = 7_700_000

export const demoItems: readonly DemoItem[] = products.flatMap(({ name, brand, usd, eur, sale, sizes }, product) =>
  Object.entries(sizes).map(([size, onHand], index): DemoItem => {
    const nmId = firstNumber + (product + 1) * 100
    const prices = { USD: usd, EUR: eur }
    return {
      onHand,
      item: {
        ...{ chrtId: nmId + index + 1, nmId, name, brand, size, prices, sale, taxClass: 'standard', active: true },
        ...{ minQuantity: 1, maxQuantity: undefined, quantityStep: 1, maxPerCustomer: 10, backorder: 'refuse' },
        ...{ backorderLimit: undefined, lowStock: undefined, availableFromMs: undefined },
      },
    }
  }),
)

const standard = { taxClass: null, active: true, countries: [] }
export const demoMethods: readonly DeliveryMethod[] = [
  {
    ...{ ...standard, method: 'standard', name: 'Standard, 3 to 5 days' },
    ...{ prices: { USD: 499, EUR: 450 }, freeFrom: { USD: 7500, EUR: 7000 } },
  },
  {
    ...{ ...standard, method: 'express', name: 'Express, next day' },
    ...{ prices: { USD: 1499, EUR: 1350 }, freeFrom: null },
  },
]

export const demoRate: TaxRate & Readonly<{ rateId: string }> = {
  ...{ rateId: 'demo-de', country: 'DE', region: '', taxClass: 'standard' },
  ...{ name: 'VAT', ratePpm: 190_000, isInclusive: true },
}

export const demoDiscount: Omit<Discount, 'uses'> = {
  ...{ code: 'WELCOME10', kind: 'percent', percent: 10, amounts: null, minimums: null },
  ...{ startsAtMs: null, endsAtMs: null, usesMax: null, usesPerCustomerMax: null, active: true },
}
