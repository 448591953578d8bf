import { type Static, Type } from 'typebox'
import { listOf, nullable, time, wordOrNull } from '../platform/view.ts'
import { refundStates, returnActions, returnStates, unitConditions } from './return.ts'

/** Returns as they are answered, and as events carry them. */

const text = (description: string) => Type.String({ description })
const amount = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, format: 'int64', description })

export const returnState = Type.Enum([...returnStates], { title: 'ReturnState' })
export const unitCondition = Type.Enum([...unitConditions], {
  title: 'ReturnedUnitCondition',
  description: 'restock: it is sold again; damaged: it is kept in quarantine; missing: it was not in the parcel',
})

const unitFields = {
  rid: text('The rid of its item'),
  line: Type.Integer({ minimum: 0, description: "The place of its item in the order's document, from 0" }),
  chrt_id: Type.Integer({ minimum: 0, format: 'int64', description: 'The item' }),
  shipment_id: text('The shipment that it went out with'),
  amount: amount("What was paid for it: its part of the order's amount, after discounts and with taxes"),
  condition: wordOrNull(unitConditions, 'null: it has not come in'),
  location: nullable(Type.String(), { description: 'Where it was put; null: nobody has said' }),
  received_at: nullable(time(), { description: 'When it came in, or was missed' }),
}

/** The same in events. */
const toldUnit = Type.Object(unitFields, {
  title: 'ToldReturnUnit',
  description: 'A unit of the order that comes back',
})

const unitView = Type.Object(
  {
    ...unitFields,
    stocked: Type.Boolean({ description: 'Whether it is in the stock of its location: its item is tracked' }),
  },
  { title: 'ReturnUnit', description: 'A unit of the order that comes back' },
)

const refundView = Type.Object(
  {
    state: wordOrNull(refundStates, 'What has become of the last attempt; null: there was none, or it was refused'),
    expected: amount('What is refunded if no amount is given, as far as that can be refunded of the payments'),
    amount: amount('What the last attempt is to refund; 0 without one'),
    fee: amount('What is kept for the return'),
    delivery: amount('What is refunded of the delivery'),
    refunded: amount('What was refunded'),
    operation_ids: listOf(Type.String(), { description: 'The operations of payments that have refunded it' }),
  },
  { title: 'ReturnRefund', description: "The money of a return, in the currency's minor unit" },
)

export const returnView = Type.Object(
  {
    id: Type.String(),
    order_uid: Type.String(),
    state: returnState,
    rids: listOf(Type.String(), { description: 'The units in it, by the rid of their items' }),
    units: listOf(unitView),
    currency: Type.String({ description: 'ISO 4217' }),
    refund: refundView,
    available_actions: listOf(Type.Enum([...returnActions], { title: 'ReturnAction' }), {
      description: 'What can be asked of it now',
    }),
    reason: text('Why it last changed'),
    actor: text('Who changed it last'),
    version: Type.Integer({ minimum: 1, description: 'Counts the changes' }),
    created_at: time(),
    approved_at: nullable(time()),
    received_at: nullable(time(), { description: 'When units last came in' }),
    refunded_at: nullable(time()),
    rejected_at: nullable(time()),
    cancelled_at: nullable(time()),
    updated_at: time(),
  },
  { title: 'Return', description: 'Units of an order that come back' },
)
export type ReturnView = Static<typeof returnView>

/** What the events of returns carry. */
export const returnData = Type.Object({
  state: returnState,
  previous_state: wordOrNull(returnStates, 'The state before it; null: the return is new'),
  units: listOf(toldUnit),
  currency: Type.String({ description: 'ISO 4217' }),
  refunded: amount('What was refunded; 0 before that'),
  fee: amount('What was kept for the return'),
  delivery: amount('What was refunded of the delivery'),
  version: Type.Integer({ minimum: 1, description: 'The version of the return after it: the sequence of the event' }),
  reason: text('Why, in the words of the caller; may be empty'),
  actor: text('Who asked'),
})
export type ReturnData = Static<typeof returnData>
