import { type Static, Type } from 'typebox'
import { orderDocument } from './document.ts'
import { deliveryStatuses, type OrderStatus, paymentStatuses } from './order.ts'
import { stateSchemas } from './state-schemas.ts'

/** The data of the events of orders. */

/** The data of `order.placed`: the document, and the state that the order begins in. */
export const placedData = Type.Object({ ...orderDocument.properties, ...stateSchemas }, { additionalProperties: true })

const version = Type.Integer({
  minimum: 2,
  description: 'The version of the order after it: the sequence of the event',
})
const why = {
  reason: Type.String({ description: 'Why, in the words of the caller; may be empty' }),
  actor: Type.String({ description: 'Who asked' }),
}
const paidBefore = (description: string) => Type.Enum([...paymentStatuses], { description })
const deliveredBefore = (description: string) => Type.Enum([...deliveryStatuses], { description })

/** The data of a status change. @param to the new status; from: the statuses that lead to it */
export function statusChangeData(to: OrderStatus, from: readonly OrderStatus[]) {
  return Type.Object({
    ...stateSchemas,
    status: Type.Literal<OrderStatus>(to, { description: 'The status of the order' }),
    version,
    previous_status: Type.Enum([...from], { description: 'The status before it' }),
    previous_payment_status: Type.Optional(
      paidBefore('What of it was paid before; only where a payment has changed the status'),
    ),
    previous_delivery_status: Type.Optional(
      deliveredBefore('What of it was delivered before; only where a delivery has changed the status'),
    ),
    ...why,
  })
}

/** The data of a change of what is paid, without a change of the status. */
export const paymentStatusChangedData = Type.Object({
  ...stateSchemas,
  version,
  previous_payment_status: paidBefore('What of it was paid before'),
  ...why,
})

/** The data of a change of the recipient. The recipient is not in it: events are kept where erasure does not reach. */
export const recipientChangedData = Type.Object({ ...stateSchemas, version, ...why })

/** The data of a change of what is delivered, without a change of the status. */
export const deliveryStatusChangedData = Type.Object({
  ...stateSchemas,
  version,
  previous_delivery_status: deliveredBefore('What of it was delivered before'),
  ...why,
})

export type PlacedData = Static<typeof placedData>
export type StatusChange = Static<ReturnType<typeof statusChangeData>>
export type PaymentStatusChanged = Static<typeof paymentStatusChangedData>
export type RecipientChanged = Static<typeof recipientChangedData>
export type DeliveryStatusChanged = Static<typeof deliveryStatusChangedData>
