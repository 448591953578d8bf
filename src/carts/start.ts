import { reserveForCarts } from '../inventory/cart-reservations.ts'
import { reservationMaxMs, reservationMs, reserveOn } from '../inventory/reservation-variables.ts'
import { stockLow } from '../inventory/variables.ts'
import type { Context, Running } from '../module.ts'
import { ordersApi } from '../orders/module.ts'
import { findStored, jsonOf } from '../orders/queries.ts'
import { paymentsApi } from '../payments/module.ts'
import { inBatches } from '../platform/batches.ts'
import { cartsApi } from './api.ts'
import { cartRoutes, createCart } from './cart-routes.ts'
import { checkoutRoutes, openOrder } from './checkout-routes.ts'
import { returnedUnits } from './customer-units.ts'
import { checkedOutWithOrders } from './decided.ts'
import { createFactsReader } from './facts.ts'
import type { PriceLists } from './price-lists.ts'
import { createCartMetrics } from './metrics.ts'
import { createCartReader } from './reader.ts'
import { createRecall } from './recall.ts'
import { createRememberedCarts } from './remembered-carts.ts'
import { runSweep } from './sweep.ts'
import { cartAbandonedAfterMinutes } from './variables.ts'
import { createCartWriter } from './writer.ts'

/** Orders that are read by one statement. */
const ordersMax = 128

/** How carts reserve stock; undefined: their checkouts do. */
function reserverOf({ value }: Context): Parameters<typeof createCartWriter>[0]['reserve'] {
  if (value(reserveOn) !== 'cart') return undefined
  const rules = { heldMs: value(reservationMs), heldMaxMs: value(reservationMaxMs), lowStockDefault: value(stockLow) }
  return (client, demands, nowMs) => reserveForCarts(client, demands, nowMs, rules)
}

/** Starts what runs of carts. @param lists the delivery methods and tax rates that they are priced by */
export function startCarts(context: Context, lists: PriceLists): Running {
  const { pool, pools, now, isClockRight, log, logGrown, registry, value } = context
  const cartMetrics = createCartMetrics(registry, pool, now)
  const abandonedAfterMs = value(cartAbandonedAfterMinutes) * 60_000
  const reserve = reserverOf(context)
  const readFacts = createFactsReader(lists, { reserves: reserve !== undefined })
  const remembered = createRememberedCarts()
  const reading = { remembered, readFacts, now }
  const writer = createCartWriter({ pool: pools.commands, ...reading, reserve, onEvents: () => logGrown.notify() })
  const read = createCartReader({ pool: pools.single, ...reading })
  const { intake, carryOut, cache, metrics } = ordersApi.of(context)
  const { checkout, rules } = paymentsApi.of(context)
  const readStored = inBatches(async (orderUids: readonly string[]) => {
    const orders = await findStored(pools.single, orderUids)
    return orderUids.map(orderUid => orders.get(orderUid))
  }, ordersMax)
  const readOrder = async (orderUid: string) => {
    const cached = cache.find(orderUid)
    if (cached !== undefined) return cached.text
    const stored = await readStored(orderUid)
    return stored && jsonOf(stored)
  }
  cartsApi.offer(context, {
    createCart: (made, traceparent) => createCart(made, traceparent, { writer, abandonedAfterMs }),
    openOrder: async call => (await openOrder(call, read)).orderUid,
    lists,
  })
  const sweeping = { pool, writer, now, isClockRight, abandonedAfterMs, onSwept: cartMetrics.swept, log }
  return {
    routes: [
      ...cartRoutes({ writer, read, lists: pools.lists, now, abandonedAfterMs }),
      ...checkoutRoutes({
        ...{ read, recall: createRecall({ remembered, lists, now }), intake, readOrder, now, metrics: cartMetrics },
        onPlaced: cartId => remembered.forget(cartId),
        ...{ payments: { checkout, rules }, carryOut },
        count: outcome => metrics.count('http', outcome),
      }),
    ],
    workers: [{ name: 'carts', run: stop => runSweep(sweeping, stop) }],
    statusChanges: [checkedOutWithOrders, returnedUnits],
    onRestored: () => remembered.clear(),
    drain: deadlineMs => writer.close(deadlineMs),
  }
}
