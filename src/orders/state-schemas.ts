import { Type } from 'typebox'
import { time } from '../platform/view.ts'
import { deliveryStatuses, orderStatuses, paymentStatuses } from './order.ts'

/** The schemas of an order's state, for the views of orders and for their events. */
export const stateSchemas = {
  status: Type.Enum([...orderStatuses], { title: 'OrderStatus', description: 'The status of the order' }),
  payment_status: Type.Enum([...paymentStatuses], { title: 'PaymentStatus', description: 'What of it is paid' }),
  delivery_status: Type.Enum([...deliveryStatuses], {
    title: 'DeliveryStatus',
    description: 'What of it is delivered',
  }),
}

/** The fields that the service adds behind the last field of a document. A sender must not set them. */
export const addedFields = {
  ...stateSchemas,
  version: Type.Integer({ minimum: 1, description: 'Counts the changes; also the ETag' }),
  updated_at: time(),
}
