import { type Column, inMilliseconds as time, tableOf } from '../platform/table.ts'
import type { RefundState, Return, ReturnState, ReturnUnit, UnitCondition } from './return.ts'

/** The rows of returns, as they are written and read. */

const times = [
  ['approved_at', 'approvedAtMs'],
  ['received_at', 'receivedAtMs'],
  ['refunded_at', 'refundedAtMs'],
  ['rejected_at', 'rejectedAtMs'],
  ['cancelled_at', 'cancelledAtMs'],
  ['updated_at', 'updatedAtMs'],
] as const
type Time = (typeof times)[number][0]

export const returnsTable = tableOf<Return>('returns', [
  { name: 'order_uid', type: 'text', role: 'key', of: one => one.orderUid },
  { name: 'return_id', type: 'text', role: 'key', of: one => one.returnId },
  { name: 'state', type: 'text', of: one => one.state },
  { name: 'currency', type: 'text', role: 'fixed', of: one => one.currency },
  { name: 'refund_state', type: 'text', of: one => one.refund.state },
  { name: 'refund_amount', type: 'bigint', of: one => one.refund.amount },
  { name: 'refund_is_at_most', type: 'boolean', of: one => one.refund.isAtMost },
  { name: 'refund_fee', type: 'bigint', of: one => one.refund.fee },
  { name: 'refund_delivery', type: 'bigint', of: one => one.refund.delivery },
  { name: 'refund_reason', type: 'text', of: one => one.refund.reason },
  { name: 'refund_actor', type: 'text', of: one => one.refund.actor },
  { name: 'refund_attempts', type: 'integer', of: one => one.refund.attempts },
  { name: 'refunded', type: 'bigint', of: one => one.refund.refunded },
  { name: 'refund_operations', type: 'text[]', of: one => one.refund.operationIds },
  { name: 'refund_due_at', type: 'timestamptz', of: one => one.refund.dueAtMs },
  { name: 'reason', type: 'text', of: one => one.reason },
  { name: 'actor', type: 'text', of: one => one.actor },
  { name: 'version', type: 'integer', of: one => one.version },
  { name: 'created_at', type: 'timestamptz', role: 'fixed', of: one => one.createdAtMs },
  ...times.map(([name, field]): Column<Return> => ({ name, type: 'timestamptz', of: one => one[field] })),
])

export const returnColumns = `order_uid, return_id, state, currency, refund_state, refund_amount::float8 as refund_amount,
  refund_is_at_most, refund_fee::float8 as refund_fee, refund_delivery::float8 as refund_delivery, refund_reason, refund_actor,
  refund_attempts, refunded::float8 as refunded, refund_operations, ${time('refund_due_at')}, reason, actor, version,
  ${time('created_at')}, ${times.map(([name]) => time(name)).join(', ')}`

export type ReturnRow = Readonly<
  Record<Time, number | null> & {
    order_uid: string
    return_id: string
    state: ReturnState
    currency: string
    refund_state: RefundState | null
    refund_amount: number
    refund_is_at_most: boolean
    refund_fee: number
    refund_delivery: number
    refund_reason: string
    refund_actor: string
    refund_attempts: number
    refunded: number
    refund_operations: readonly string[]
    refund_due_at: number | null
    reason: string
    actor: string
    version: number
    created_at: number
  }
>

/** A unit with the return that it is of. */
export type UnitOf = ReturnUnit & Readonly<{ orderUid: string; returnId: string; isLive: boolean }>

export const unitsTable = tableOf<UnitOf>('return_units', [
  { name: 'order_uid', type: 'text', role: 'key', of: unit => unit.orderUid },
  { name: 'return_id', type: 'text', role: 'key', of: unit => unit.returnId },
  { name: 'line', type: 'integer', role: 'key', of: unit => unit.line },
  { name: 'rid', type: 'text', role: 'fixed', of: unit => unit.rid },
  { name: 'chrt_id', type: 'bigint', role: 'fixed', of: unit => unit.chrtId },
  { name: 'shipment_id', type: 'text', role: 'fixed', of: unit => unit.shipmentId },
  { name: 'amount', type: 'bigint', role: 'fixed', of: unit => unit.amount },
  { name: 'is_live', type: 'boolean', of: unit => unit.isLive },
  { name: 'condition', type: 'text', of: unit => unit.condition },
  { name: 'location', type: 'text', of: unit => unit.location },
  { name: 'is_stocked', type: 'boolean', of: unit => unit.isStocked },
  { name: 'received_at', type: 'timestamptz', of: unit => unit.receivedAtMs },
])

export const unitColumns = `order_uid, return_id, line, rid, chrt_id::float8 as chrt_id, shipment_id, amount::float8 as amount, condition,
  location, is_stocked, ${time('received_at')}`

export type UnitRow = Readonly<{
  order_uid: string
  return_id: string
  line: number
  rid: string
  chrt_id: number
  shipment_id: string
  amount: number
  condition: UnitCondition | null
  location: string | null
  is_stocked: boolean
  received_at: number | null
}>

/** @param units of the return, in the order of their lines */
export function toReturn(row: ReturnRow, units: readonly UnitRow[]): Return {
  const timeOf = (name: Time) => row[name] ?? undefined
  return {
    orderUid: row.order_uid,
    returnId: row.return_id,
    state: row.state,
    currency: row.currency,
    refund: {
      state: row.refund_state ?? undefined,
      amount: row.refund_amount,
      isAtMost: row.refund_is_at_most,
      fee: row.refund_fee,
      delivery: row.refund_delivery,
      reason: row.refund_reason,
      actor: row.refund_actor,
      attempts: row.refund_attempts,
      refunded: row.refunded,
      operationIds: row.refund_operations,
      dueAtMs: row.refund_due_at ?? undefined,
    },
    reason: row.reason,
    actor: row.actor,
    version: row.version,
    createdAtMs: row.created_at,
    approvedAtMs: timeOf('approved_at'),
    receivedAtMs: timeOf('received_at'),
    refundedAtMs: timeOf('refunded_at'),
    rejectedAtMs: timeOf('rejected_at'),
    cancelledAtMs: timeOf('cancelled_at'),
    updatedAtMs: row.updated_at ?? row.created_at,
    units: units.map(toUnit),
  }
}

function toUnit(row: UnitRow): ReturnUnit {
  return {
    line: row.line,
    rid: row.rid,
    chrtId: row.chrt_id,
    shipmentId: row.shipment_id,
    amount: row.amount,
    condition: row.condition ?? undefined,
    location: row.location ?? undefined,
    isStocked: row.is_stocked,
    receivedAtMs: row.received_at ?? undefined,
  }
}
