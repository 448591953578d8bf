import { type Static, Type } from 'typebox'
import { listOf, time } from '../platform/view.ts'

export const shortfallView = Type.Object(
  {
    order_uid: Type.String(),
    since: time({ description: 'Its place in the queue' }),
    holds_order: Type.Boolean({ description: 'Whether the order is on hold because of it' }),
    items: listOf(
      Type.Object(
        {
          chrt_id: Type.Integer({ minimum: 0, format: 'int64', description: 'The item' }),
          quantity: Type.Integer({ minimum: 1, format: 'int64', description: 'Units that it waits for' }),
        },
        { title: 'WaitedForItem' },
      ),
    ),
  },
  { title: 'StockShortfall', description: 'An order that waits for stock' },
)
export type ShortfallView = Static<typeof shortfallView>
