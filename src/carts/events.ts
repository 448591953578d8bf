import { Type } from 'typebox'
import type { NewEvent } from '../events/append.ts'
import { defineEvent, type EventDefinition } from '../events/definition.ts'
import type { StreamDefinition } from '../events/stream-definition.ts'
import { nullable } from '../platform/view.ts'
import { type Cart, unitsOf } from './cart.ts'
import { cartMergeRule } from './cart-schemas.ts'

/** The events of carts. They hold nothing of the recipient. */

export const cartStreamType = 'cart'

/** The stream of a cart. */
export const cartStream: StreamDefinition = {
  type: cartStreamType,
  heads: 'select cart_id as stream_id, sequence as version, recorded_at as updated_at from carts',
  addressOf: cartId => `/api/carts/${cartId}`,
}

const currency = Type.String({ description: 'ISO 4217' })
const customer = nullable(Type.String(), { description: 'The customer, as the shop names it; null: a guest' })
const lines = Type.Integer({ minimum: 0, description: 'How many different items it holds' })
const units = Type.Integer({ minimum: 0, description: 'How many units in all' })
const money = (description: string) => Type.Integer({ minimum: 0, format: 'int64', description })

export const cartEvents = {
  created: defineEvent({
    type: 'cart.created',
    stream: cartStreamType,
    isFirst: true,
    title: 'A cart was created',
    description: 'A guest or a customer has begun to choose.',
    data: Type.Object({ currency, customer_id: customer }),
    example: { currency: 'USD', customer_id: null },
  }),
  checkedOut: defineEvent({
    type: 'cart.checked_out',
    stream: cartStreamType,
    title: 'A cart was checked out',
    description: 'The cart became an order, in the same transaction. Its payment may still be under way.',
    data: Type.Object({
      currency,
      customer_id: customer,
      lines,
      units,
      total: money("The order's amount, in the minor unit"),
      discount_codes: Type.Array(Type.String(), { description: 'The codes that it used up' }),
    }),
    example: { currency: 'USD', customer_id: 'c-7', lines: 2, units: 3, total: 4730, discount_codes: ['WELCOME'] },
  }),
  merged: defineEvent({
    type: 'cart.merged',
    stream: cartStreamType,
    title: 'A cart was merged into another',
    description: 'Its lines are in the other cart now, as after a guest has signed in.',
    data: Type.Object({
      into: Type.String({ description: 'The other cart' }),
      rule: cartMergeRule,
    }),
    example: { into: 'cart_k3v7q2m7x2c4r5t2w4z6b2n7', rule: 'sum' },
  }),
  abandoned: defineEvent({
    type: 'cart.abandoned',
    stream: cartStreamType,
    title: 'A cart was abandoned',
    description:
      'It has lines, and nobody has changed it for CART_ABANDONED_AFTER_MINUTES. It comes once for each cart.',
    data: Type.Object({ currency, customer_id: customer, lines, units }),
    example: { currency: 'USD', customer_id: null, lines: 1, units: 2 },
  }),
}

export const cartEventDefinitions: readonly EventDefinition[] = Object.values(cartEvents)

/** What the events of a cart say of it. */
export function customerData({ currency, customerId }: Cart) {
  return { currency, customer_id: customerId ?? null }
}

/** How much a cart holds. */
export function sizeData({ lines }: Cart) {
  return { lines: lines.length, units: unitsOf(lines) }
}

/** The event that a cart's last change is recorded by. @param cart after it */
export function eventOf(
  cart: Cart,
  definition: EventDefinition,
  data: Readonly<Record<string, unknown>>,
  traceparent: string | undefined,
): NewEvent {
  return {
    streamId: cart.cartId,
    sequence: cart.sequence,
    definition,
    recordedAt: new Date(cart.recordedAtMs),
    data: JSON.stringify(data),
    traceparent,
    ...(cart.orderUid === undefined ? {} : { concernsOrder: cart.orderUid }),
  }
}
