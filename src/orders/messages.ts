import { defineEvent } from '../events/definition.ts'
import { orderStreamType } from '../events/stream-definition.ts'
import type { Channel } from '../platform/asyncapi.ts'
import { commandMessage } from './command-message.ts'
import { orderDocument } from './document.ts'
import {
  deliveryStatusChangedData,
  paymentStatusChangedData,
  placedData,
  recipientChangedData,
  statusChangeData,
} from './event-data.ts'
import { exampleOrder } from './example.ts'
import { type ChangedStatus, moves, type StatusCommand } from './lifecycle.ts'
import { initialState, stateJson } from './order.ts'

/** Orders on the wire: their events, and the topics of incoming orders and commands. */

const example = exampleOrder('b563feb7b2b84b6test', Date.UTC(2026, 0, 15, 12), () => 0)

/** Carries the order as it was placed, with its state behind the last field. */
export const orderPlaced = defineEvent({
  type: 'order.placed',
  stream: orderStreamType,
  isFirst: true,
  title: 'An order was placed',
  description: 'The first event of every order: the order as its sender wrote it, and the state that it begins in.',
  data: placedData,
  example: { ...example, ...JSON.parse(stateJson(initialState(true))) },
})

const orderUid = example.order_uid
const stateOfExample = { status: 'confirmed', payment_status: 'paid', delivery_status: 'unfulfilled' } as const

/** The event of a command that was carried out. */
function statusChange(command: StatusCommand, title: string, description: string, reason: string, actor: string) {
  const { from, to } = moves[command]
  return defineEvent({
    type: `order.${to}`,
    stream: orderStreamType,
    title,
    description,
    data: statusChangeData(to, from),
    example: {
      status: to,
      payment_status: to === 'expired' ? 'unpaid' : 'paid',
      delivery_status: 'unfulfilled',
      version: 2,
      previous_status: from[0] ?? 'pending',
      reason,
      actor,
    },
  })
}

/** The events of status changes, by the new status. */
export const orderChanged: Readonly<Record<ChangedStatus, ReturnType<typeof statusChange>>> = {
  confirmed: statusChange(
    'confirm',
    'An order was confirmed',
    'It waited for its payment, or was on hold, and can be delivered now.',
    'paid by bank transfer',
    'accounts',
  ),
  on_hold: statusChange(
    'hold',
    'An order was put on hold',
    'It was confirmed, and is not to be delivered until it is confirmed again.',
    'the address is not clear',
    'support',
  ),
  completed: statusChange(
    'complete',
    'An order was completed',
    'Nothing is left to do for it; it changes no more.',
    'handed over',
    'courier',
  ),
  cancelled: statusChange(
    'cancel',
    'An order was cancelled',
    'It is not to be delivered; it changes no more.',
    'the customer changed their mind',
    'support',
  ),
  expired: statusChange(
    'expire',
    'An order has expired',
    'It was not paid in time; it changes no more.',
    'not paid in time',
    'expiry',
  ),
}

/** What is paid of an order has changed, and its status has not. */
export const orderPaymentStatusChanged = defineEvent({
  type: 'order.payment_status_changed',
  stream: orderStreamType,
  title: 'What is paid of an order has changed',
  description:
    'Money was authorized, captured, refunded or released for it, and its status stays as it is; order.confirmed tells of a payment ' +
    'that confirms its order.',
  data: paymentStatusChangedData,
  example: {
    status: 'confirmed',
    payment_status: 'partially_refunded',
    delivery_status: 'unfulfilled',
    version: 2,
    previous_payment_status: 'paid',
    reason: 'one item was damaged',
    actor: 'support',
  },
})

/** What is delivered of an order has changed, and its status has not. */
export const orderDeliveryStatusChanged = defineEvent({
  type: 'order.delivery_status_changed',
  stream: orderStreamType,
  title: 'What is delivered of an order has changed',
  description:
    'Some of its units have left, have arrived or have come back, and its status stays as it is; order.completed tells of the delivery ' +
    'that completes its order.',
  data: deliveryStatusChangedData,
  example: {
    ...stateOfExample,
    delivery_status: 'partially_shipped',
    version: 2,
    previous_delivery_status: 'unfulfilled',
    reason: '',
    actor: 'warehouse',
  },
})

/** The recipient of an order was corrected. */
export const orderDeliveryCorrected = defineEvent({
  type: 'order.delivery_corrected',
  stream: orderStreamType,
  title: 'The recipient of an order was corrected',
  description:
    'The order reads back with another recipient from now on; GET /api/orders/:id has it. Its price stays as it is.',
  data: recipientChangedData,
  example: { ...stateOfExample, version: 2, reason: 'the house number was missing', actor: 'support' },
})

/** The recipient of an order was erased. */
export const orderErased = defineEvent({
  type: 'order.erased',
  stream: orderStreamType,
  title: 'The recipient of an order was erased',
  description:
    'The order reads back without its recipient, but for the country. A receiver that has kept the recipient erases it too.',
  data: recipientChangedData,
  example: { ...stateOfExample, version: 3, reason: 'asked for by the customer', actor: 'support' },
})

export const orderEvents = [
  ...[orderPlaced, ...Object.values(orderChanged), orderPaymentStatusChanged, orderDeliveryStatusChanged],
  orderDeliveryCorrected,
  orderErased,
]

/** The topic of incoming orders. */
export function ordersChannel(address: string): Channel {
  return {
    name: 'orders',
    address,
    server: 'kafka',
    action: 'receive',
    title: 'Orders come in',
    description: 'KAFKA_TOPIC. What is no valid order becomes a dead letter. The same order again has no effect.',
    messages: [
      {
        name: 'order',
        title: 'An order',
        summary: 'An order to be placed: the same document as over HTTP',
        contentType: 'application/json',
        key: 'The order_uid, so that what concerns one order stays in its order',
        payload: { $ref: '#/components/schemas/Order' },
        examples: [{ payload: example }],
      },
    ],
  }
}

/** The topic of incoming commands. */
export function commandsChannel(address: string): Channel {
  const command = { command_id: 'c-1', order_uid: orderUid, command: 'hold', reason: 'ask first', actor: 'support' }
  return {
    name: 'commands',
    address,
    server: 'kafka',
    action: 'receive',
    title: 'Commands to orders come in',
    description: 'KAFKA_COMMANDS_TOPIC. What is refused becomes a dead letter that says why.',
    messages: [
      {
        name: 'command',
        title: 'A command to an order',
        summary: 'It has its effect once, however often it comes',
        contentType: 'application/json',
        key: 'The order_uid, so that commands to one order stay in their order',
        payload: { $ref: '#/components/schemas/Command' },
        examples: [{ payload: command }],
      },
    ],
  }
}

/** The schemas that the channels refer to. */
export const orderMessageSchemas = { Order: orderDocument, Command: commandMessage }
