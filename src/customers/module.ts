import { cartsApi } from '../carts/api.ts'
import type { Context, Module, Running } from '../module.ts'
import { ordersApi } from '../orders/module.ts'
import { deliveryRoutes } from './routes-delivery.ts'

/** Customers: recipients that are corrected, and customers that are exported or erased. */
export const customersModule: Module = {
  name: 'customers',
  title: 'Customers',
  buildsOn: ['orders', 'inventory', 'carts'],
  tables: [],
  tags: { customers: 'Customers: exported, and erased' },
  start,
}

function start(context: Context): Running {
  const { pools, now } = context
  const { cache, takeTurn } = ordersApi.of(context)
  const { lists } = cartsApi.of(context)
  const correcting = { pool: pools.commands, now, takeTurn, lists, onChanged: cache.forget }
  return { routes: deliveryRoutes(correcting, pools.single) }
}
