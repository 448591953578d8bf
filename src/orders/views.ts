import { type Static, Type } from 'typebox'
import { endOfLines, extended, violations } from '../platform/view.ts'
import { orderDocument } from './document.ts'
import { addedFields } from './state-schemas.ts'

/** Orders as they are answered. */

export const storedOrderView = extended(orderDocument, addedFields, {
  title: 'StoredOrder',
  description: 'The order as it was sent, followed by the fields that the service adds',
  additionalProperties: true,
})

export const lineOutcomes = ['placed', 'duplicate', 'refused'] as const

export const batchResultView = Type.Object(
  {
    line: Type.Integer({ minimum: 1, description: 'Of the file: empty lines count, and have no result' }),
    order_uid: Type.Optional(Type.String({ description: 'Also of a refused line, where it can be read' })),
    outcome: Type.Enum([...lineOutcomes]),
    code: Type.Optional(Type.String({ description: 'Why it was refused' })),
    errors: Type.Optional(violations),
  },
  { title: 'BatchResult', description: 'The result of a line' },
)

export const batchEndView = endOfLines('BatchEnd', lineOutcomes)
export const ordersEndView = endOfLines('OrdersEnd')

export const sentOrderView = Type.Object(
  { order_uid: Type.String(), sent_by: Type.Enum(['kafka', 'http']) },
  { title: 'SentOrder', description: 'An order that was made up' },
)

export type StoredOrderView = Static<typeof storedOrderView>
export type BatchResultView = Static<typeof batchResultView>
export type SentOrderView = Static<typeof sentOrderView>
