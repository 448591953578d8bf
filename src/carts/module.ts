import type { Context, Module, Running } from '../module.ts'
import { cartChecks } from './cart-checks.ts'
import { cartPlacement } from './checkout-part.ts'
import { cartStreamsOf, eraseCarts } from './erasing.ts'
import { cartEventDefinitions, cartStream } from './events.ts'
import { priceChecks } from './price-checks.ts'
import { startPrices } from './price-start.ts'
import { startCarts } from './start.ts'
import { cartAbandonedAfterMinutes } from './variables.ts'

/** Carts, what they are priced with, and their checkout. */
export const cartsModule: Module = {
  name: 'carts',
  title: 'Carts',
  buildsOn: ['events', 'orders', 'inventory', 'payments'],
  tables: [
    { name: 'carts', order: 'cart_id' },
    { name: 'customer_units', order: 'order_uid, chrt_id' },
    { name: 'discounts', order: 'code_key' },
    { name: 'discount_uses', order: 'order_uid, code_key' },
    { name: 'discount_customers', order: 'code_key, customer' },
    { name: 'delivery_methods', order: 'method' },
    { name: 'tax_rates', order: 'rate_id' },
  ],
  streams: [cartStream],
  events: cartEventDefinitions,
  variables: [cartAbandonedAfterMinutes],
  placement: cartPlacement,
  erase: {
    columns: {
      carts: ['email', 'delivery', 'note', 'metadata'],
      discounts: [],
      discount_uses: [],
      discount_customers: [],
      customer_units: [],
      delivery_methods: [],
      tax_rates: [],
    },
    steps: [eraseCarts],
    streamsOf: cartStreamsOf,
  },
  exports: {
    carts: { by: 'customer', key: 'cart_id', condition: 'customer_id = $1' },
    customer_units: { by: 'order' },
    discounts: { leftOut: 'of the shop' },
    discount_uses: { by: 'order' },
    discount_customers: { leftOut: 'counts of discount_uses, which stand with the orders' },
    delivery_methods: { leftOut: 'of the shop' },
    tax_rates: { leftOut: 'of the shop' },
  },
  checks: [...cartChecks, ...priceChecks],
  scopes: ['carts:write'],
  tags: {
    carts: 'Carts, and their checkout',
    prices: 'Prices: discount codes, delivery methods and tax rates',
  },
  start,
}

function start(context: Context): Running {
  const prices = startPrices(context)
  const carts = startCarts(context, prices.lists)
  return {
    ...prices.running,
    ...carts,
    routes: [...(prices.running.routes ?? []), ...(carts.routes ?? [])],
    statusChanges: [...(carts.statusChanges ?? []), ...(prices.running.statusChanges ?? [])],
    onRestored() {
      prices.running.onRestored?.()
      carts.onRestored?.()
    },
  }
}
