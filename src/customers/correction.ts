import type { OrderState } from '../orders/order.ts'
import type { Recipient } from '../orders/recipient.ts'

/** Corrections of recipients. Pure. */

/** What a correction changes: the fields of the recipient that are given. */
export type GivenFields = Readonly<Partial<Recipient>>

/** The recipient with the fields that are given; undefined when it has them already. Fields that the contract does not know stay. */
export function corrected(recipient: Recipient, given: GivenFields): Recipient | undefined {
  const fields = Object.entries(given) as [keyof Recipient, string][]
  return fields.every(([name, value]) => recipient[name] === value) ? undefined : { ...recipient, ...given }
}

/** Why the recipient of an order cannot be corrected any more; undefined: it can. */
export function whyFixed({ status, deliveryStatus }: OrderState, isErased: boolean): string | undefined {
  if (isErased) return 'its recipient was erased'
  if (status === 'completed' || status === 'cancelled' || status === 'expired') return `the order is ${status}`
  return deliveryStatus === 'unfulfilled' ? undefined : `the order is ${deliveryStatus.replaceAll('_', ' ')}`
}
