import { eventsApi } from '../events/module.ts'
import type { Context, Module, Running, TopicHandler, Worker } from '../module.ts'
import { declareApi } from '../module-api.ts'
import { mainLagGauge } from '../platform/kafka/consumer-lag.ts'
import { OrderCache } from './cache.ts'
import { createCommandHandler } from './command-handler.ts'
import { commandRoutes } from './command-routes.ts'
import { type CarryOut, createCarryOut } from './commands.ts'
import type { OrderDocument } from './document.ts'
import { documentsInspection } from './documents-check.ts'
import { eraseOrders } from './erasing.ts'
import { runExpiry } from './expiry.ts'
import { historyRoutes } from './history-routes.ts'
import { createIntake, type Intake } from './intake.ts'
import { commandsChannel, orderEvents, orderMessageSchemas, ordersChannel } from './messages.ts'
import { createOrderMetrics, type OrderMetrics } from './metrics.ts'
import { newest, orderChecks } from './order-checks.ts'
import { createOrderHandler } from './order-handler.ts'
import { orderStream, rememberOrders } from './order-stream.ts'
import { createOrderTurns, type TakeTurn } from './order-turns.ts'
import { overviewRoutes } from './overview-routes.ts'
import type { Placement } from './placement.ts'
import { type PlacementPart, rejectionCodesOf } from './placement-part.ts'
import { orderParts } from './placement-parts.ts'
import { findOrder, orderChangedChannel } from './queries.ts'
import { orderRoutes } from './routes.ts'
import { type StatusChangePart, tellParts } from './status-change-part.ts'
import { createIntakeStore } from './store.ts'
import { runTallyMerge } from './tally.ts'
import { cacheSizeBytesMax, commandsTopic, ordersTopic, unpaidExpiresAfterMs } from './variables.ts'
import { warmUp } from './warm-up.ts'

export type OrdersApi = {
  intake: Intake
  carryOut: CarryOut
  /** Has changes of one order come one after another. */
  takeTurn: TakeTurn
  cache: OrderCache
  metrics: OrderMetrics
}

export const ordersApi = declareApi<OrdersApi>('orders')

/** Orders: placed, read, listed, and changed by commands. */
export const ordersModule: Module = {
  name: 'orders',
  title: 'Orders',
  buildsOn: ['dead-letters', 'events'],
  tables: [
    { name: 'orders', order: 'order_uid' },
    { name: 'order_items', order: 'order_uid, line' },
    { name: 'order_transitions', order: 'order_uid, version' },
    { name: 'order_command_receipts', order: 'order_uid, command_id' },
    { name: 'order_corrections', order: 'order_uid, version' },
    { name: 'order_tallies', order: 'bucket, currency, orders, amount' },
  ],
  streams: [orderStream],
  events: orderEvents,
  variables: [cacheSizeBytesMax, unpaidExpiresAfterMs],
  topics: [
    {
      name: 'orders in',
      variable: ordersTopic,
      channel: ordersChannel,
      // What keeps the database busy and no more: messages that wait are memory.
      consumed: {
        groupSuffix: '',
        batchMessagesMax: 1_000,
        backlogBytesMax: 4 * 1024 * 1024,
        lagGauge: mainLagGauge,
      },
    },
    {
      name: 'commands in',
      variable: commandsTopic,
      channel: commandsChannel,
      // One batch at a time: two could have commands to the same order.
      consumed: { groupSuffix: '_commands', batchMessagesMax: 200, batchesInFlightMax: 1 },
    },
  ],
  erase: {
    columns: {
      orders: ['document', 'delivery'],
      order_items: [],
      order_transitions: [],
      order_command_receipts: [],
      order_tallies: [],
      order_corrections: ['delivery'],
    },
    steps: [eraseOrders],
  },
  exports: {
    orders: { within: 'order' },
    order_items: { by: 'order' },
    order_transitions: { by: 'order' },
    order_command_receipts: { by: 'order' },
    order_corrections: { by: 'order' },
    order_tallies: { leftOut: 'sums over all orders' },
  },
  checks: orderChecks,
  inspections: [documentsInspection],
  newest,
  scopes: ['orders:read', 'orders:write'],
  tags: { orders: 'Orders: placed, read, listed, and changed by commands' },
  messageSchemas: () => orderMessageSchemas,
  start,
}

/** When a transaction stores this many orders, they have queued up: the readers of the log have to wait. */
const overloadOrders = 1_000

function start(context: Context): Running {
  const { pool, pools, now, log, messaging, catalogue, eventLog } = context
  const { feed } = eventsApi.of(context)
  const listed = { ...eventLog, pool: pools.lists }
  const parts = partsOf(context)
  const orders = createOrders(context, parts)
  ordersApi.offer(context, orders)
  const { intake, carryOut, cache, metrics } = orders
  return {
    routes: [
      ...orderRoutes({
        ...{ intake, cache, pool: pools.lists, metrics, now, log, sendToTopic: senderOf(context) },
        findTracked: number => findTracked(context, number),
      }),
      ...commandRoutes(carryOut, cache.forget),
      ...historyRoutes({ log: listed, feed, eventTypes: catalogue.events.map(({ type }) => type) }),
      ...overviewRoutes({ pool: pools.lists, now, consumerLag: messaging?.messagesBehind }),
    ],
    handlers: handlersOf(orders, parts),
    notifications: [{ channel: orderChangedChannel, onNotify: message => forgetChanged(cache, message) }],
    onInStep() {
      cache.clear()
      void warmUp(cache, pool, log)
    },
    onRestored: () => cache.clear(),
    workers: workersOf(context, orders),
    drain: deadlineMs => intake.close(deadlineMs),
    streams: rememberOrders([orderStream], cache.placed),
  }
}

/** A group of which every order was rejected proves nothing of writes. */
const hasPlaced = ({ placed }: Placement) => placed.length > 0

function createOrders(context: Context, placement: readonly PlacementPart[]): OrdersApi {
  const { pool, pools, value, now, isInStep, writes, log, tracer, logGrown, throttle, registry } = context
  const cache = new OrderCache({
    sizeBytesMax: value(cacheSizeBytesMax),
    load: uid => findOrder(pools.single, uid),
    isInStep,
  })
  const store = createIntakeStore(pool, placement)
  const intake = createIntake({
    store: writes === undefined ? store : { ...store, place: writes.noting(store.place, hasPlaced) },
    log,
    now,
    tracer,
    onPlaced(orders) {
      cache.keep(orders)
      logGrown.notify()
    },
    onGroup(group) {
      metrics.group(group)
      if (group.orders >= overloadOrders) throttle.overloaded()
    },
  })
  const metrics = createOrderMetrics(registry, intake, cache)
  const takeTurn = createOrderTurns()
  const parts = statusPartsOf(context)
  const carryOut = createCarryOut({ pool: pools.commands, now, takeTurn, onChanged: cache.forget, parts })
  return { intake, carryOut, takeTurn, cache, metrics }
}

/** The orders that other modules know by a number of their parcels. */
async function findTracked({ running, pools }: Context, number: string): Promise<string[]> {
  const found: string[] = []
  for (const { findTracked } of running()) found.push(...((await findTracked?.(pools.lists, number)) ?? []))
  return found
}

/** Sends an order into the topic that orders come in by; undefined without Kafka. */
function senderOf({ messaging }: Context) {
  if (messaging === undefined) return undefined
  return (order: OrderDocument, traceparent: string | undefined) =>
    messaging.send(ordersTopic, { key: order.order_uid, value: JSON.stringify(order) }, traceparent)
}

function handlersOf({ intake, carryOut, metrics }: OrdersApi, parts: readonly PlacementPart[]): TopicHandler[] {
  const rejectsWith = rejectionCodesOf(parts)
  const onReplayed = (outcome: string) => metrics.count('replay', outcome)
  return [
    {
      topic: ordersTopic,
      what: 'orders',
      handler: createOrderHandler({ intake, rejectsWith, onReplayed }),
      count: (outcome, messages) => metrics.count('kafka', outcome, messages),
    },
    { topic: commandsTopic, what: 'commands', handler: createCommandHandler(carryOut) },
  ]
}

/**
 * What all modules add to the transaction that places orders. Orders come first: they notice one that is stored already. Of the others
 * those that lock streams do.
 */
function partsOf(context: Context): PlacementPart[] {
  const added = context.modules.flatMap(({ placement = [] }) =>
    typeof placement === 'function' ? placement(context) : placement,
  )
  const isFirst = ({ decidesFirst }: PlacementPart) => decidesFirst === true
  return [...orderParts, ...added.filter(isFirst), ...added.filter(part => !isFirst(part))]
}

/** What all modules do when commands or the expiry change the status of an order: they are asked once all are started. */
function statusPartsOf({ running }: Context): StatusChangePart[] {
  const parts = () => running().flatMap(({ statusChanges = [] }) => statusChanges)
  return [{ onStatusChanged: (client, changes, nowMs) => tellParts(parts(), client, changes, nowMs) }]
}

function workersOf(context: Context, { cache }: OrdersApi): Worker[] {
  const { pool, value, now, isClockRight, log } = context
  const expiresAfterMs = value(unpaidExpiresAfterMs)
  const tallies: Worker = {
    name: 'order tallies',
    run: stop => runTallyMerge({ pool, now, isClockRight, log }, stop),
  }
  if (expiresAfterMs === undefined) return [tallies]
  const parts = statusPartsOf(context)
  const expiry = { pool, expiresAfterMs, now, isClockRight, onChanged: cache.forget, parts, log }
  return [tallies, { name: 'order expiry', run: stop => runExpiry(expiry, stop) }]
}

/** @param message the version that the order was changed to, and its uid */
function forgetChanged(cache: OrderCache, message: string): void {
  const [version = '', orderUid = ''] = message.split(' ')
  cache.forget(orderUid, Number(version))
}
