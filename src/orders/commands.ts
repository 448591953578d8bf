import { AppError } from '../errors.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { hasReceipt, insertReceipt } from './command-queries.ts'
import type { CommandRequest } from './command-request.ts'
import { decideCommand, type StatusCommand } from './lifecycle.ts'
import type { OrderStatus } from './order.ts'
import { lockOrder, lockUnpaidOrders } from './order-locks.ts'
import { createOrderTurns, type TakeTurn } from './order-turns.ts'
import { findOrder, type StoredOrder } from './queries.ts'
import { type OrderChange, saveChanges } from './save-changes.ts'
import { type StatusChangePart, tellParts } from './status-change-part.ts'

export type CommandRefusal =
  | { kind: 'absent' }
  | { kind: 'stale'; version: number }
  | { kind: 'refused'; from: OrderStatus; to: OrderStatus }

/** What became of a command: `done`, also when the order was in that state already; or why it was refused. */
export type CommandResult = { kind: 'done'; order: StoredOrder } | CommandRefusal

/**
 * Is called when an order has a version, or may have it, before the sender of the change is answered: older versions in memory are
 * then out of date.
 */
export type OnChanged = (orderUid: string, version: number) => void

/** Carries out commands. */
export type CarryOut = (request: CommandRequest) => Promise<CommandResult>

/**
 * Makes the function that carries out commands for this instance, those to one order one after another. It throws what taking turns
 * throws.
 */
export function createCarryOut(options: Options): CarryOut {
  const { takeTurn = createOrderTurns() } = options
  return request => takeTurn(request.orderUid, () => attempt(options, request))
}

type Options = {
  pool: Pool
  now: () => number
  onChanged: OnChanged
  /** Its own unless given. */
  takeTurn?: TakeTurn
  /** What modules do when the status changes. */
  parts?: readonly StatusChangePart[]
}

async function attempt({ pool, now, onChanged, parts = [] }: Options, request: CommandRequest): Promise<CommandResult> {
  let version: number | undefined
  try {
    return await carryOut({ pool, parts, nowMs: now() }, request, seen => {
      version = seen
    })
  } finally {
    // Also after a failure, when it is not known whether the transaction was committed. Also when nothing was changed: a sender
    // who is told of another's change reads the order next.
    if (version !== undefined) onChanged(request.orderUid, version)
  }
}

/**
 * Carries out a command: one transaction changes the order, records the transition and appends the event. It locks the order
 * first, so commands to one order run one after another, and its events come in the order of its versions.
 *
 * @param onVersion is called with the order's version, and with the one that it is changed to
 */
async function carryOut(
  { pool, parts, nowMs }: { pool: Pool; parts: readonly StatusChangePart[]; nowMs: number },
  request: CommandRequest,
  onVersion: (version: number) => void,
): Promise<CommandResult> {
  return inTransaction(pool, async (client): Promise<CommandResult> => {
    const order = await lockOrder(client, request.orderUid)
    if (order === undefined) return { kind: 'absent' }
    onVersion(order.version)
    const { commandId } = request
    if (commandId !== undefined && (await hasReceipt(client, request.orderUid, commandId))) {
      return done(client, request)
    }
    if (request.expectedVersions?.includes(order.version) === false) {
      return { kind: 'stale', version: order.version }
    }
    const decision = decideCommand(order.state, request.command)
    if (decision.kind === 'refused') return decision
    if (decision.kind === 'changed') request.mayBe?.(order.state)
    if (decision.kind === 'changed') {
      onVersion(order.version + 1)
      const { command, reason, actor, traceparent } = request
      const change = { order, state: decision.state, command, reason, actor, traceparent }
      await tellParts(parts, client, await saveChanges(client, [change], nowMs), nowMs)
    }
    // Only commands that were carried out leave a receipt. One that was refused is decided on again.
    if (commandId !== undefined) await insertReceipt(client, request.orderUid, commandId, new Date(nowMs))
    return done(client, request)
  })
}

async function done(client: PoolClient, { orderUid, keepAnswer }: CommandRequest): Promise<CommandResult> {
  const order = await findOrder(client, orderUid)
  if (order === undefined) throw new Error(`order ${orderUid} is locked and is not there`)
  await keepAnswer?.(client, order)
  return { kind: 'done', order }
}

/** The error that the sender of a refused command gets. */
export function refusalOf(refusal: CommandRefusal, command: StatusCommand, orderUid: string): AppError {
  if (refusal.kind === 'absent') return notFound(orderUid)
  if (refusal.kind === 'stale') return new AppError('VERSION_STALE', `the order has version ${refusal.version} by now`)
  return new AppError('TRANSITION_REFUSED', `${command} cannot take an order from ${refusal.from} to ${refusal.to}`)
}

export function notFound(orderUid: string): AppError {
  return new AppError('ORDER_NOT_FOUND', `no order is stored under ${orderUid}`)
}

/**
 * Expires one small batch of orders that have waited too long for their payment. Several instances may do it at once: each
 * skips orders that another has locked.
 *
 * @param options unpaidSinceMs: expires orders that have waited since before then, in milliseconds since 1970
 * @returns how many it expired; fewer than `ordersMax` means that no more are due
 */
export async function expireUnpaid(
  pool: Pool,
  options: {
    unpaidSinceMs: number
    ordersMax: number
    nowMs: number
    onChanged: OnChanged
    parts?: readonly StatusChangePart[]
  },
): Promise<number> {
  const { nowMs, onChanged, parts = [] } = options
  let changes: readonly OrderChange[] = []
  const expiring = inTransaction(pool, async client => {
    const orders = await lockUnpaidOrders(client, options)
    changes = orders.flatMap((order): OrderChange[] => {
      const decision = decideCommand(order.state, 'expire')
      if (decision.kind !== 'changed') return []
      return [{ order, state: decision.state, command: 'expire', reason: 'not paid in time', actor: 'expiry' }]
    })
    await tellParts(parts, client, await saveChanges(client, changes, nowMs), nowMs)
    return orders.length
  })
  return expiring.finally(() => {
    for (const { order } of changes) onChanged(order.orderUid, order.version + 1)
  })
}
