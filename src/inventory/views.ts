import { type Static, Type } from 'typebox'
import { endOfLines, extended, listOf, nullable, time, violations } from '../platform/view.ts'
import { stockLevel, stockNumbers } from './events.ts'
import { saveOutcomes } from './item.ts'
import { movementKinds, recordedKinds } from './movement.ts'

/** Answers about items and stock. */

const itemOutcomes = [...saveOutcomes, 'refused'] as const

const chrtId = Type.Integer({ minimum: 0, format: 'int64' })
const units = (description: string) => Type.Integer({ format: 'int64', description })

export const itemResultView = Type.Object(
  {
    line: Type.Integer({ minimum: 1, description: 'Of the file: empty lines count, and have no result' }),
    chrt_id: Type.Optional(
      Type.Integer({ minimum: 0, format: 'int64', description: 'Of a line that was not refused' }),
    ),
    outcome: Type.Enum([...itemOutcomes], { title: 'ItemOutcome' }),
    code: Type.Optional(Type.String({ description: 'Why it was refused' })),
    errors: Type.Optional(violations),
  },
  { title: 'ItemResult', description: 'The result of a line' },
)
export type ItemResultView = Static<typeof itemResultView>

export const itemBatchEndView = endOfLines('ItemBatchEnd', itemOutcomes)
export const itemsEndView = endOfLines('ItemsEnd')

export const locationView = Type.Object(
  {
    location: Type.String(),
    name: Type.String(),
    priority: Type.Integer({ description: 'Orders take from the location with the lowest that has all they want' }),
    countries: listOf(Type.String(), { description: 'The countries that it serves, ISO 3166-1 alpha-2; none: all' }),
    active: Type.Boolean({ description: 'Whether orders take from it' }),
    updated_at: time(),
  },
  { title: 'StockLocation', description: 'Where stock lies' },
)
export type LocationView = Static<typeof locationView>

const locationStockView = extended(
  stockNumbers,
  { location: Type.String() },
  { title: 'LocationStock', description: 'The stock of an item at a location' },
)

export const stockView = extended(
  stockNumbers,
  {
    chrt_id: chrtId,
    is_tracked: Type.Boolean({
      description: 'false: it has no stock anywhere, and STOCK_UNTRACKED says what orders do',
    }),
    level: stockLevel,
    locations: listOf(locationStockView),
  },
  { title: 'ItemStock', description: 'The stock of an item, in all and by location' },
)
export type StockView = Static<typeof stockView>

export const movementView = Type.Object(
  {
    id: units('Ascending for an item'),
    location: Type.String(),
    kind: Type.Enum([...movementKinds], { title: 'MovementKind' }),
    quantity: units('Units; below 0 where they left by an adjustment or a transfer'),
    on_hand: units('By how much it changed'),
    reserved: units('By how much it changed'),
    unavailable: units('By how much it changed'),
    reason: Type.String(),
    actor: Type.String(),
    order_uid: nullable(Type.String()),
    shipment_id: nullable(Type.String()),
    external_id: nullable(Type.String()),
    recorded_at: time(),
  },
  { title: 'StockMovement', description: 'A change of the stock of an item' },
)
export type MovementView = Static<typeof movementView>

export const recordedMovementView = Type.Object(
  {
    id: units('Ascending for an item; of a transfer the movement that leaves'),
    chrt_id: chrtId,
    location: Type.String(),
    to_location: nullable(Type.String()),
    kind: Type.Enum([...recordedKinds], { title: 'RecordedMovementKind' }),
    quantity: units('Units'),
    quarantine: Type.Boolean({
      description: 'Whether the units arrived in quarantine, or were written off from there',
    }),
    reason: Type.String(),
    actor: Type.String(),
    external_id: nullable(Type.String()),
    recorded_at: time(),
    stock: stockView,
  },
  { title: 'RecordedMovement', description: 'A movement, and the stock of the item after it' },
)
export type RecordedMovementView = Static<typeof recordedMovementView>

export const countView = Type.Object(
  {
    chrt_id: chrtId,
    location: Type.String(),
    counted: units('Units that are there'),
    as_of: time({ description: 'When it was counted' }),
    applied: Type.Boolean({ description: 'false: the number was known by something later, so the count is only kept' }),
    difference: units('By how much on_hand was changed'),
    movement_id: nullable(units('')),
    reason: Type.String(),
    actor: Type.String(),
    external_id: nullable(Type.String()),
    recorded_at: time(),
    stock: stockView,
  },
  { title: 'StockCount', description: 'A count, and the stock of the item after it' },
)
export type CountView = Static<typeof countView>
