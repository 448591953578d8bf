import { type Static, Type } from 'typebox'
import { nullable, recordOf } from '../platform/view.ts'

/** What the demo shop is answered. Amounts are integers in the currency's minor unit. */

const number = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

export const shopItemView = Type.Object(
  {
    chrt_id: number('The sellable unit (SKU)'),
    nm_id: number('The product that it belongs to'),
    name: Type.String(),
    brand: Type.String(),
    size: Type.String({ description: 'Empty where there is only one' }),
    prices: recordOf(Type.Integer({ minimum: 0, format: 'int64' }), {
      title: 'ShopPrices',
      description: 'What a unit costs before sale, by currency',
    }),
    sale: Type.Integer({ minimum: 0, maximum: 100, description: 'The discount in percent' }),
    available: nullable(Type.Integer({ minimum: 0, format: 'int64' }), {
      description: 'How many units can be ordered; null: its stock is not tracked',
    }),
    min_quantity: Type.Integer({ minimum: 1, description: 'The fewest units of a line of a cart' }),
    max_quantity: nullable(Type.Integer({ minimum: 1 }), { description: 'The most units of a line; null: any number' }),
    quantity_step: Type.Integer({ minimum: 1, description: 'Units are a multiple of it' }),
  },
  { title: 'ShopItem', description: 'An item as the demo shop offers it' },
)
export type ShopItem = Static<typeof shopItemView>

export const catalogueFilledView = Type.Object(
  { added: Type.Integer({ minimum: 0, description: 'How many items were added; 0: all were there' }) },
  { title: 'DemoCatalogueFilled', description: 'What became of the demo catalogue' },
)
