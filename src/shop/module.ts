import { cartsApi } from '../carts/api.ts'
import { stockLow } from '../inventory/variables.ts'
import type { Context, Module, Running } from '../module.ts'
import type { Route } from '../platform/http.ts'
import { pageRoutes } from '../platform/static-files.ts'
import { createShopItems } from './items.ts'
import { shopRoutes } from './routes.ts'
import { demoShop, isShopServed, shopDir } from './variables.ts'

/** The demo shop: its page, and what that calls without a key. */
export const shopModule: Module = {
  name: 'shop',
  title: 'Demo shop',
  buildsOn: ['inventory', 'carts'],
  variables: [demoShop, shopDir],
  tags: { shop: 'The demo shop' },
  start,
}

/** Addresses on the page are relative to a folder. */
const toPage: Route = {
  ...{ method: 'GET', path: '/shop', scope: 'public' },
  handle: () => new Response(null, { status: 308, headers: { location: 'shop/' } }),
}

function start(context: Context): Running {
  const { pool, pools, now, isLocal, logGrown, value } = context
  if (!isShopServed(value(demoShop), isLocal)) return {}
  const { createCart, lists } = cartsApi.of(context)
  return {
    page: { title: 'Demo shop', path: '/shop/' },
    routes: [
      ...shopRoutes({
        recording: {
          pool: pools.commands,
          now,
          lowStockDefault: value(stockLow),
          onCommitted: () => logGrown.notify(),
        },
        lockPool: pool,
        lists,
        now,
        items: createShopItems({ pool: pools.lists, now }),
        createCart,
        steady: () => performance.now(),
      }),
      toPage,
      ...pageRoutes(value(shopDir), '/shop/'),
    ],
  }
}
