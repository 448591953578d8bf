import { Type } from 'typebox'
import { cartStates } from './cart.ts'
import { mergeRules } from './merge.ts'

/** Schemas that several bodies, views and events share. */

export const cartState = Type.Enum([...cartStates], {
  title: 'CartState',
  description: 'checking_out: it became an order whose payment is not decided; checked_out: it became an order',
})

export const cartMergeRule = Type.Enum([...mergeRules], {
  title: 'CartMergeRule',
  description:
    'The quantity of an item that is in both: sum, the larger (max), that of this cart (keep), or of the other (replace)',
})

export const cartMetadata = Type.Unsafe<Readonly<Record<string, unknown>> | null>({
  type: ['object', 'null'],
  title: 'CartMetadata',
  additionalProperties: true,
  description: 'Anything that the shop wants to keep with the cart; the order gets it',
})
