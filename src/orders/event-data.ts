import { type Static, Type } from 'typebox'
import { orderDocument } from './document.ts'
import type { OrderStatus } from './order.ts'
import { stateSchemas } from './state-schemas.ts'

/** The data of the events of orders. */

/** The data of `order.placed`: the document, and the state that the order begins in. */
export const placedData = Type.Object({ ...orderDocument.properties, ...stateSchemas }, { additionalProperties: true })

/** The data of a status change. @param to the new status; from: the statuses that lead to it */
export function statusChangeData(to: OrderStatus, from: readonly OrderStatus[]) {
  return Type.Object({
    ...stateSchemas,
    status: Type.Literal<OrderStatus>(to, { description: 'The status of the order' }),
    version: Type.Integer({
      minimum: 2,
      description: 'The version of the order after it: the sequence of the event',
    }),
    previous_status: Type.Enum([...from], { description: 'The status before it' }),
    reason: Type.String({ description: 'Why, in the words of the caller; may be empty' }),
    actor: Type.String({ description: 'Who asked' }),
  })
}

export type PlacedData = Static<typeof placedData>
export type StatusChange = Static<ReturnType<typeof statusChangeData>>
