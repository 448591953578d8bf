import { cartsApi } from '../carts/api.ts'
import { shipmentsChannel } from '../deliveries/save.ts'
import type { Context, Module, Running } from '../module.ts'
import { orderChangedChannel } from '../orders/queries.ts'
import { keysOf } from '../platform/notified-keys.ts'
import { pageRoutes } from '../platform/static-files.ts'
import { parcelsChannel } from '../tracking/parcel-queries.ts'
import { linkChecks } from './link-checks.ts'
import { linksChannel } from './link-queries.ts'
import { numberKey, orderKey, OrderWatches } from './order-watches.ts'
import { linkRoutes } from './routes-links.ts'
import { trackRoutes } from './routes-track.ts'
import { createTrackedOrders } from './tracked-orders.ts'
import { trackingPageDays, trackingPageDir } from './variables.ts'

/** The public page of an order: where its parcels are, for anybody who has its link. */
export const orderTrackingModule: Module = {
  name: 'order-tracking',
  title: 'Order tracking',
  buildsOn: ['events', 'orders', 'carts', 'tracking', 'deliveries'],
  tables: [
    { name: 'tracking_links', order: 'order_uid' },
    { name: 'tracking_link_secret', order: 'only_row' },
  ],
  // A link opens nothing of an order whose customer was erased.
  erase: { columns: { tracking_links: [], tracking_link_secret: [] } },
  exports: {
    tracking_links: { by: 'order' },
    tracking_link_secret: { leftOut: 'a secret of the service' },
  },
  variables: [trackingPageDays, trackingPageDir],
  checks: linkChecks,
  start,
}

function start(context: Context): Running {
  const { pools, now, isInStep, value } = context
  const pool = pools.single
  const orders = createTrackedOrders({ pool, now, shownMs: value(trackingPageDays) * 86_400_000 })
  const watches = new OrderWatches()
  const stop = new AbortController()
  const ordersChanged = (orderUids: readonly string[]) => watches.notify(orderUids.map(orderKey))
  const { openOrder } = cartsApi.of(context)
  return {
    routes: [
      ...trackRoutes({ orders, watches, isInStep, stop: stop.signal }),
      ...linkRoutes({ pool, orders, openOrder, now, onRevoked: orderUid => ordersChanged([orderUid]) }),
      ...pageRoutes(value(trackingPageDir), '/track/'),
    ],
    notifications: [
      { channel: shipmentsChannel, onNotify: message => ordersChanged(keysOf(message)) },
      { channel: linksChannel, onNotify: message => ordersChanged(keysOf(message)) },
      // The version comes first.
      { channel: orderChangedChannel, onNotify: message => ordersChanged(keysOf(message).slice(1)) },
      { channel: parcelsChannel, onNotify: message => watches.notify(keysOf(message).map(numberKey)) },
    ],
    onInStep: () => watches.notify(),
    onRestored() {
      orders.forgetSecret()
      watches.notify()
    },
    endStreams: () => stop.abort(),
  }
}
