import type { Context, Running } from '../module.ts'
import type { OrderStatus } from '../orders/order.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { returnCodes } from './code-uses.ts'
import { priceListsChannel } from './price-list-queries.ts'
import { PriceLists } from './price-lists.ts'
import { priceRoutes } from './price-routes.ts'

/** Starts what runs of prices: their routes, the lists in memory, and what follows orders that end. */
export function startPrices(context: Context): { lists: PriceLists; running: Running } {
  const { pool, now, isInStep, running } = context
  const lists = new PriceLists(pool, isInStep)
  const noteChange = () => lists.noteChange()
  return {
    lists,
    running: {
      routes: priceRoutes({
        ...{ pool, lists, now },
        allows: (request, scope, nowMs) =>
          running()
            .find(({ access }) => access !== undefined)
            ?.access?.allows(request, scope, nowMs),
      }),
      notifications: [{ channel: priceListsChannel, onNotify: noteChange }],
      onInStep: noteChange,
      onRestored: noteChange,
      statusChanges: [returnedCodes],
    },
  }
}

/** Orders in these statuses use no codes. */
const ended: readonly OrderStatus[] = ['cancelled', 'expired']

/** Gives back the codes of orders that are cancelled or expire. */
const returnedCodes: StatusChangePart = {
  async onStatusChanged(client, changes) {
    const orderUids = changes
      .filter(({ order }) => ended.includes(order.state.status))
      .map(({ order }) => order.orderUid)
    if (orderUids.length > 0) await returnCodes(client, orderUids)
  },
  concernsConfirmation: () => false,
}
