import { type Static, Type } from 'typebox'
import { orderDocument } from '../orders/document.ts'
import { storedOrderView } from '../orders/views.ts'
import { listOf, nullable, recordOf, time } from '../platform/view.ts'

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

const erasureFields = {
  id: Type.String({ description: 'Of the erasure' }),
  state: Type.Enum(['running', 'finished']),
  erased: recordOf(Type.Integer({ minimum: 0 }), {
    title: 'ErasedCounts',
    description: 'How many of each were erased so far',
  }),
  reason: Type.String(),
  actor: Type.String(),
  started_at: time(),
  finished_at: nullable(Type.String({ format: 'date-time' })),
  not_reached: listOf(Type.String(), { description: 'Where recipients may still be, in a sentence each' }),
}

export const erasureView = Type.Object(
  { ...erasureFields, customer_id: Type.String() },
  { title: 'CustomerErasure', description: 'The erasure of a customer, as far as it is' },
)

export const orderErasureView = Type.Object(
  { ...erasureFields, order_uid: Type.String() },
  { title: 'OrderErasure', description: 'The erasure of an order, as far as it is' },
)
export type OrderErasureView = Static<typeof orderErasureView>

export const erasureReachView = Type.Object(
  {
    goes: listOf(Type.String(), { description: 'What is erased' }),
    stays: listOf(Type.String(), { description: 'What is kept' }),
    not_reached: listOf(Type.String(), { description: 'Where recipients may still be afterwards' }),
  },
  { title: 'ErasureReach', description: 'What an erasure does, in a sentence each' },
)
export type ErasureReachView = Static<typeof erasureReachView>

export const customerExportView = Type.Object(
  {
    customer_id: Type.String(),
    exported_at: time(),
    orders: listOf(
      Type.Object(
        { order: storedOrderView },
        {
          title: 'ExportedOrder',
          description: 'An order, and the rows of each table that belongs to it',
          additionalProperties: true,
        },
      ),
    ),
  },
  { title: 'CustomerExport', description: 'What is stored about a customer, by table', additionalProperties: true },
)

export type ErasureView = Static<typeof erasureView>
