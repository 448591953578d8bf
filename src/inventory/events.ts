import { type Static, Type } from 'typebox'
import { defineEvent } from '../events/definition.ts'
import { nullable } from '../platform/view.ts'
import { recordedKinds } from './movement.ts'
import { stockLevels } from './stock.ts'

/** The events of items: what has happened to their stock. */

/** The type of the streams of items. */
export const itemStreamType = 'item'

const units = (description: string) => Type.Integer({ format: 'int64', description })

export const stockNumbers = Type.Object(
  {
    on_hand: units('What is there, reserved units and those in quarantine included'),
    reserved: units('What orders have reserved'),
    unavailable: units('What is in quarantine'),
    available: units('on_hand − reserved − unavailable; below 0 by what is back-ordered'),
  },
  { title: 'StockNumbers', description: 'Units of an item' },
)
export type StockNumbers = Static<typeof stockNumbers>

const exampleStock = { on_hand: 100, reserved: 4, unavailable: 0, available: 96 }

export const stockLevel = Type.Enum([...stockLevels], {
  title: 'StockLevel',
  description: 'in_stock, low from a number of available units down, out_of_stock at 0 and below',
})

export const stockAdjusted = defineEvent({
  type: 'stock.adjusted',
  stream: itemStreamType,
  title: 'The stock of an item was changed',
  description:
    'Units came in, left, were counted, moved or put in quarantine: by a person or another system. Reservations of orders are told by the ' +
    'events of the orders.',
  data: Type.Object({
    chrt_id: units('The item'),
    movement_id: units('The movement; of a transfer the one that leaves'),
    location: Type.String(),
    to_location: nullable(Type.String(), { description: 'Where the units of a transfer went' }),
    kind: Type.Enum([...recordedKinds], { title: 'RecordedMovementKind' }),
    quantity: units('Units; below 0 where they left by an adjustment or a transfer'),
    reason: Type.String({ description: 'Why, in the words of the caller; may be empty' }),
    actor: Type.String({ description: 'Who' }),
    external_id: nullable(Type.String(), { description: 'What the sender calls it' }),
    location_stock: stockNumbers,
    stock: stockNumbers,
  }),
  example: {
    ...{ chrt_id: 9934930, movement_id: 1, location: 'main', to_location: null, kind: 'received', quantity: 100 },
    ...{ reason: 'delivery 4711', actor: 'warehouse', external_id: 'wms-4711-1' },
    ...{ location_stock: exampleStock, stock: exampleStock },
  },
})

const levelData = Type.Object({ chrt_id: units('The item'), level: stockLevel, stock: stockNumbers })

export const stockLow = defineEvent({
  type: 'stock.low',
  stream: itemStreamType,
  title: 'The stock of an item is low',
  description:
    'The available units have fallen to the number at which the item is low (low_stock, or STOCK_LOW), or to none. Told once for each.',
  data: levelData,
  example: {
    ...{ chrt_id: 9934930, level: 'low' },
    stock: { on_hand: 7, reserved: 4, unavailable: 0, available: 3 },
  },
})

export const stockBackInStock = defineEvent({
  type: 'stock.back_in_stock',
  stream: itemStreamType,
  title: 'An item is back in stock',
  description: 'None was available, and units are again: those that held orders did not take.',
  data: levelData,
  example: { chrt_id: 9934930, level: 'in_stock', stock: exampleStock },
})

export const inventoryEvents = [stockAdjusted, stockLow, stockBackInStock]
