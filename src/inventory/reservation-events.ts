import { Type } from 'typebox'
import { defineEvent } from '../events/definition.ts'
import type { NewEvent } from '../events/append.ts'
import type { StreamDefinition } from '../events/stream-definition.ts'
import { listOf } from '../platform/view.ts'
import type { Missing, Take } from './allocation.ts'

/** The events of orders that were short of stock. They concern their order, so its history shows them. */

/** The type of the streams of an order's reservations; such a stream is called like its order. */
export const reservationStreamType = 'reservation'

const chrtId = Type.Integer({ minimum: 0, format: 'int64', description: 'The item' })
const units = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

export const stockShortfall = defineEvent({
  type: 'stock.shortfall',
  stream: reservationStreamType,
  title: 'A paid order is short of stock',
  description:
    'The order is on hold and has reserved nothing. It gets its items when enough of them arrive, oldest order first.',
  data: Type.Object({
    items: listOf(
      Type.Object(
        { chrt_id: chrtId, wanted: units('What the order wants of it'), left: units('What was left of it') },
        { title: 'ShortItem' },
      ),
      { description: 'The items that there were too few of' },
    ),
  }),
  example: { items: [{ chrt_id: 9934930, wanted: 2, left: 1 }] },
})

export const stockAllocated = defineEvent({
  type: 'stock.allocated',
  stream: reservationStreamType,
  title: 'An order got the stock that it waited for',
  description: 'All of its items are reserved. If it was on hold for them, it is confirmed in the same transaction.',
  data: Type.Object({
    items: listOf(
      Type.Object(
        {
          chrt_id: chrtId,
          location: Type.String({ description: 'Where it lies' }),
          quantity: units('How many units are reserved there'),
        },
        { title: 'AllocatedItem' },
      ),
      { description: 'What is reserved' },
    ),
  }),
  example: { items: [{ chrt_id: 9934930, location: 'main', quantity: 2 }] },
})

export const reservationEvents = [stockShortfall, stockAllocated]

/** The stream of an order that has waited for stock. Other orders have none. */
export const reservationStream: StreamDefinition = {
  type: reservationStreamType,
  heads: 'select order_uid as stream_id, version, updated_at from stock_waits where version > 0',
  addressOf: orderUid => `/api/orders/${orderUid}`,
}

type Told = Pick<NewEvent, 'sequence' | 'recordedAt' | 'traceparent'> & { orderUid: string }

/** Tells that an order is short of items. */
export function shortfallEvent(told: Told, missing: readonly Missing[]): NewEvent {
  const items = missing.map(({ chrtId: chrt_id, wanted, left }) => ({ chrt_id, wanted, left }))
  return { ...headOf(told), definition: stockShortfall, data: JSON.stringify({ items }) }
}

/** Tells that an order has got what it was short of. */
export function allocatedEvent(told: Told, takes: readonly Take[]): NewEvent {
  const items = takes.map(({ chrtId: chrt_id, location, quantity }) => ({ chrt_id, location, quantity }))
  return { ...headOf(told), definition: stockAllocated, data: JSON.stringify({ items }) }
}

function headOf({ orderUid, ...head }: Told) {
  return { ...head, streamId: orderUid, concernsOrder: orderUid }
}
