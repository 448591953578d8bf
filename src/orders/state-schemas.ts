import { Type } from 'typebox'
import { deliveryStatuses, orderStatuses, paymentStatuses } from './order.ts'

/** The schemas of an order's state, wherever it is told: what the service adds to a document, in events and in lists. */
export const stateSchemas = {
  status: Type.Enum([...orderStatuses], { title: 'OrderStatus', description: 'The status of the order' }),
  payment_status: Type.Enum([...paymentStatuses], { title: 'PaymentStatus', description: 'What of it is paid' }),
  delivery_status: Type.Enum([...deliveryStatuses], {
    title: 'DeliveryStatus',
    description: 'What of it is delivered',
  }),
}
