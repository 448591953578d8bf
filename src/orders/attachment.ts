import type { ValidOrder } from './new-order.ts'

/** What a module attaches to an order on its way into the database, for its own part of the placement. It is no part of the order. */
export type Attachment<Value> = Readonly<{
  /** @returns undefined: the order has none */
  of(order: ValidOrder): Value | undefined
  /** @returns the order with it */
  to(order: ValidOrder, value: Value): ValidOrder
}>

/** Declares an attachment. @param name its own among all modules' */
export function declareAttachment<Value>(name: string): Attachment<Value> {
  return {
    of: ({ attached }) => attached?.[name] as Value | undefined,
    to: (order, value) => ({ ...order, attached: { ...order.attached, [name]: value } }),
  }
}
