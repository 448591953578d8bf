import { stockLow } from '../inventory/variables.ts'
import type { Context, Module, Running } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { ordersApi } from '../orders/module.ts'
import { paymentsApi } from '../payments/module.ts'
import { returnEventDefinitions } from './events.ts'
import { noHooks } from './hooks.ts'
import { createReturnMetrics } from './metrics.ts'
import { createReturnRefunds, type ReturnRefunds, runRefunds } from './refunds.ts'
import { returnChecks } from './return-checks.ts'
import { returnStream } from './return-stream.ts'
import { readRoutes } from './routes-read.ts'
import { returnRoutes } from './routes-returns.ts'
import { createReturnWriter } from './writer.ts'

export type ReturnsApi = { refunds: ReturnRefunds }

export const returnsApi = declareApi<ReturnsApi>('returns')

/** Returns: units that come back, where they go, and what is refunded for them. */
export const returnsModule: Module = {
  name: 'returns',
  title: 'Returns',
  buildsOn: ['events', 'orders', 'inventory', 'payments', 'deliveries'],
  tables: [
    { name: 'returns', order: 'order_uid, return_id' },
    { name: 'return_units', order: 'order_uid, return_id, line' },
  ],
  erase: { columns: { returns: [], return_units: [] } },
  exports: {
    returns: { by: 'order' },
    return_units: { by: 'order' },
  },
  streams: [returnStream],
  events: returnEventDefinitions,
  checks: returnChecks,
  tags: { returns: 'Returns: units of an order that come back' },
  start,
}

function start(context: Context): Running {
  const { pool, pools, now, log, registry, logGrown, value, running, returnHooks: hooks = noHooks } = context
  const { cache } = ordersApi.of(context)
  const metrics = createReturnMetrics(registry, pool, now)
  const writer = createReturnWriter({
    pool: pools.commands,
    now,
    lowStockDefault: value(stockLow),
    parts: () => running().flatMap(({ statusChanges = [] }) => statusChanges),
    onCommitted(change, changed) {
      for (const { orderUid, version } of changed) cache.forget(orderUid, version)
      if (change.event !== undefined) logGrown.notify()
      metrics.changed(change)
    },
  })
  const refunds = createReturnRefunds({ pool, writer, payments: paymentsApi.of(context).refunds, now, hooks })
  returnsApi.offer(context, { refunds })
  return {
    routes: [
      ...readRoutes({ single: pools.single, lists: pools.lists }),
      ...returnRoutes({ single: pools.single, writer, refunds }),
    ],
    workers: [{ name: 'refunds of returns', run: stop => runRefunds(refunds, log, stop) }],
    drain: deadlineMs => writer.close(deadlineMs),
  }
}
