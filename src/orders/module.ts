import type { Module } from '../module.ts'
import { documentsInspection } from './documents-check.ts'
import { commandsChannel, orderEvents, orderMessageSchemas, ordersChannel } from './messages.ts'
import { newest, orderChecks } from './order-checks.ts'
import { orderStream } from './order-stream.ts'
import { cacheSizeBytesMax, commandsTopic, ordersTopic, unpaidExpiresAfterMs } from './variables.ts'

/** Orders: placed, read, listed, and changed by commands. */
export const ordersModule: Module = {
  name: 'orders',
  title: 'Orders',
  tables: [
    { name: 'orders', order: 'order_uid' },
    { name: 'order_items', order: 'order_uid, line' },
    { name: 'order_transitions', order: 'order_uid, version' },
    { name: 'order_command_receipts', order: 'order_uid, command_id' },
    { name: 'order_tallies', order: 'bucket, currency, orders, amount' },
  ],
  streams: [orderStream],
  events: orderEvents,
  variables: [cacheSizeBytesMax, unpaidExpiresAfterMs],
  topics: [
    { name: 'orders in', variable: ordersTopic, direction: 'in', channel: ordersChannel },
    { name: 'commands in', variable: commandsTopic, direction: 'in', channel: commandsChannel },
  ],
  checks: orderChecks,
  inspections: [documentsInspection],
  newest,
  scopes: ['orders:read', 'orders:write'],
  tags: { orders: 'Orders: placed, read, listed, and changed by commands' },
  messageSchemas: () => orderMessageSchemas,
}
