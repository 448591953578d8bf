import { cartsApi } from '../carts/api.ts'
import type { Context, Module, Running } from '../module.ts'
import { ordersApi } from '../orders/module.ts'
import { erasureChecks } from './erasure-checks.ts'
import { reachOf } from './reach.ts'
import { customerRoutes } from './routes-customers.ts'
import { deliveryRoutes } from './routes-delivery.ts'
import { runErasures } from './worker.ts'

/** Customers: recipients that are corrected, and customers that are exported or erased. */
export const customersModule: Module = {
  name: 'customers',
  title: 'Customers',
  buildsOn: ['orders', 'inventory', 'carts'],
  tables: [{ name: 'customer_erasures', order: 'erasure_id' }],
  // Who was erased is kept, for those who have to prove it.
  erase: { columns: { customer_erasures: [] } },
  exports: {
    customer_erasures: {
      by: 'customer',
      key: 'erasure_id',
      condition: 'md5(customer_id) = md5($1) and customer_id = $1',
    },
  },
  checks: erasureChecks,
  tags: { customers: 'Customers: exported, and erased' },
  start,
}

function start(context: Context): Running {
  const { pool, pools, now, log, modules, value, messaging, isStopping } = context
  const { cache, takeTurn } = ordersApi.of(context)
  const { lists } = cartsApi.of(context)
  const correcting = { pool: pools.commands, now, takeTurn, lists, onChanged: cache.forget }
  const erasing = {
    ...{ pool, modules, now, log },
    onFinished: (erased: Readonly<Record<string, number>>) => log.info({ erased }, 'a customer was erased'),
  }
  const reach = reachOf(modules, messaging === undefined ? undefined : value)
  return {
    routes: [
      ...deliveryRoutes(correcting, pools.single),
      ...customerRoutes({ ...erasing, lists: pools.lists, reach, isStopping }),
    ],
    workers: [{ name: 'customer erasures', run: stop => runErasures(erasing, stop) }],
  }
}
