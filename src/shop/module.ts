import { cartsApi } from '../carts/api.ts'
import { stockLow } from '../inventory/variables.ts'
import type { Context, Module, Running } from '../module.ts'
import { createShopItems } from './items.ts'
import { shopRoutes } from './routes.ts'
import { demoShop } from './variables.ts'

/** The demo shop: what a shop's page calls without a key. */
export const shopModule: Module = {
  name: 'shop',
  title: 'Demo shop',
  buildsOn: ['inventory', 'carts'],
  variables: [demoShop],
  tags: { shop: 'The demo shop' },
  start,
}

function start(context: Context): Running {
  const { pools, now, isLocal, logGrown, value } = context
  const wanted = value(demoShop)
  if (wanted === 'false' || (wanted === 'auto' && !isLocal)) return {}
  const { createCart, lists } = cartsApi.of(context)
  return {
    routes: shopRoutes({
      recording: {
        pool: pools.commands,
        now,
        lowStockDefault: value(stockLow),
        onCommitted: () => logGrown.notify(),
      },
      lists,
      now,
      items: createShopItems({ pool: pools.lists, now }),
      createCart,
      steady: () => performance.now(),
    }),
  }
}
