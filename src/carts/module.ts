import type { Module } from '../module.ts'
import { priceChecks } from './price-checks.ts'
import { startPrices } from './price-start.ts'

/** Carts, and what they are priced with. */
export const cartsModule: Module = {
  name: 'carts',
  title: 'Carts',
  buildsOn: ['events', 'orders', 'inventory', 'payments'],
  tables: [
    { name: 'discounts', order: 'code_key' },
    { name: 'discount_uses', order: 'order_uid, code_key' },
    { name: 'discount_customers', order: 'code_key, customer' },
    { name: 'delivery_methods', order: 'method' },
    { name: 'tax_rates', order: 'rate_id' },
  ],
  checks: priceChecks,
  scopes: ['carts:write'],
  tags: { prices: 'Prices: discount codes, delivery methods and tax rates' },
  start: context => startPrices(context).running,
}
