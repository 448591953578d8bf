import type { Context, Running } from '../module.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { returnCodes } from './code-uses.ts'
import { hasEnded } from './decided.ts'
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

/** Gives back the codes of orders that are cancelled or expire. A checkout locks codes before items, and so does this. */
const returnedCodes: StatusChangePart = {
  comesFirst: true,
  async onStatusChanged(client, changes) {
    const orderUids = changes.filter(({ order }) => hasEnded(order.state)).map(({ order }) => order.orderUid)
    if (orderUids.length > 0) await returnCodes(client, orderUids)
  },
  concernsConfirmation: () => false,
}
