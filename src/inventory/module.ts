import type { Context, Module, Running } from '../module.ts'
import { runDue } from './due.ts'
import { inventoryEvents } from './events.ts'
import { inventoryChecks } from './inventory-checks.ts'
import { itemStream } from './item-stream.ts'
import { stockChannel, stockMessageSchemas } from './messages.ts'
import { createInventoryMetrics } from './metrics.ts'
import { type RecordOptions, recordEntries } from './record-entries.ts'
import { reservationChecks } from './reservation-checks.ts'
import { reservationEvents, reservationStream } from './reservation-events.ts'
import { reservationVariables } from './reservation-variables.ts'
import { placementOf, runningReservations } from './reservations.ts'
import { itemRoutes } from './routes-items.ts'
import { locationRoutes } from './routes-locations.ts'
import { shortfallRoutes } from './routes-shortfalls.ts'
import { stockRoutes } from './routes-stock.ts'
import { createStockHandler } from './stock-handler.ts'
import { stockLow, stockTopic } from './variables.ts'
import { waitChecks } from './wait-checks.ts'

/** Items, and the stock of them at locations. */
export const inventoryModule: Module = {
  name: 'inventory',
  title: 'Inventory',
  buildsOn: ['dead-letters', 'events', 'orders'],
  tables: [
    { name: 'items', order: 'chrt_id' },
    { name: 'locations', order: 'location' },
    { name: 'stock', order: 'chrt_id, location' },
    { name: 'stock_movements', order: 'chrt_id, movement_id' },
    { name: 'stock_counts', order: 'chrt_id, count_id' },
    { name: 'stock_reservations', order: 'order_uid, chrt_id, location' },
    { name: 'stock_shortfalls', order: 'order_uid, chrt_id' },
    { name: 'stock_waits', order: 'order_uid' },
    { name: 'item_streams', order: 'chrt_id' },
    { name: 'stock_due', order: 'chrt_id' },
  ],
  erase: {
    columns: {
      items: [],
      locations: [],
      stock: [],
      stock_movements: [],
      stock_counts: [],
      stock_reservations: [],
      stock_shortfalls: [],
      stock_waits: [],
      item_streams: [],
      stock_due: [],
    },
  },
  exports: {
    items: { leftOut: 'of items, not of customers' },
    locations: { leftOut: 'of items, not of customers' },
    stock: { leftOut: 'of items, not of customers' },
    stock_movements: {
      leftOut: 'the book of an item; what an order has reserved and what was shipped of it stands with the order',
    },
    stock_counts: { leftOut: 'of items, not of customers' },
    stock_reservations: { by: 'order' },
    stock_shortfalls: { by: 'order' },
    stock_waits: { by: 'order' },
    item_streams: { leftOut: 'of items, not of customers' },
    stock_due: { leftOut: 'of items, not of customers' },
  },
  streams: [itemStream, reservationStream],
  events: [...inventoryEvents, ...reservationEvents],
  variables: [stockLow, ...reservationVariables],
  topics: [
    {
      name: 'stock in',
      variable: stockTopic,
      channel: stockChannel,
      // One batch at a time: two could have movements of the same item.
      consumed: { groupSuffix: '_stock', batchMessagesMax: 500, batchesInFlightMax: 1 },
    },
  ],
  placement: placementOf,
  checks: [...inventoryChecks, ...reservationChecks, ...waitChecks],
  scopes: ['inventory:write'],
  tags: { inventory: 'Items, and the stock of them at locations' },
  messageSchemas: () => stockMessageSchemas,
  start,
}

function start(context: Context): Running {
  const { pool, pools, now, log, registry, logGrown, value } = context
  const metrics = createInventoryMetrics(registry, pool, now)
  const lowStockDefault = value(stockLow)
  const recording: RecordOptions = {
    pool: pools.commands,
    now,
    lowStockDefault,
    onCommitted(results) {
      if (results.some(({ kind }) => kind === 'recorded')) logGrown.notify()
    },
  }
  const onLevels = (levels: readonly string[]) => {
    for (const level of levels) metrics.levelChanged(level)
    if (levels.length > 0) logGrown.notify()
  }
  const reservations = runningReservations(context)
  return {
    ...reservations,
    routes: [
      ...itemRoutes({ commands: pools.commands, single: pools.single, lists: pools.lists, now, log }),
      ...locationRoutes({ commands: pools.commands, single: pools.single, now }),
      ...stockRoutes({ recording, single: pools.single, lists: pools.lists, metrics }),
      ...shortfallRoutes(pools.lists),
    ],
    handlers: [
      {
        topic: stockTopic,
        what: 'stock',
        handler: createStockHandler({ record: entries => recordEntries(recording, entries), now }),
        count: (outcome, messages) => metrics.count('kafka', outcome, messages),
      },
    ],
    workers: [
      ...reservations.workers,
      { name: 'stock levels', run: stop => runDue({ pool, now, lowStockDefault, onCommitted: onLevels, log }, stop) },
    ],
  }
}
