import { Type } from 'typebox'
import { orderDocument } from '../orders/document.ts'
import { listOf, time } from '../platform/view.ts'

/** Customers and recipients as they are answered. */

const { delivery } = orderDocument.properties
const orErased = Type.Union([delivery, Type.Null()], { description: 'Null once it is erased' })

export const correctionView = Type.Object(
  {
    version: Type.Integer({ minimum: 2, description: 'That the order had after it' }),
    delivery: orErased,
    reason: Type.String(),
    actor: Type.String(),
    recorded_at: time(),
  },
  { title: 'DeliveryCorrected' },
)

export const recipientView = Type.Object(
  {
    order_uid: Type.String(),
    delivery,
    sent: orErased,
    corrections: listOf(correctionView, { description: 'Newest first; the last 100' }),
  },
  { title: 'OrderRecipient', description: 'The recipient of an order, as it was sent, and every correction' },
)
