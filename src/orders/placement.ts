import { isDeepStrictEqual } from 'node:util'
import { AppError, type Violation } from '../errors.ts'
import { initialState } from './order.ts'
import type { RejectionCode } from './placement-part.ts'
import type { NewOrder } from './new-order.ts'
import { type PlacedOrder, type StoredOrder, toStored } from './queries.ts'
import { digestOf } from './recipient.ts'
import type { ValidOrder } from './new-order.ts'
import { orderInvalid } from './validate.ts'

/** What became of an order that was submitted. */
export type Outcome = Success | Failure

/** The order is stored. */
export type Success =
  | { kind: 'placed'; order: PlacedOrder }
  /** The same order was stored before. */
  | { kind: 'duplicate'; order: StoredOrder }

/** The order is not stored, and would not be if it came again. */
export type Failure =
  /** Another order is stored under this uid. */
  | { kind: 'conflict' }
  /** It breaks a rule that is newer than orders may be, and none is stored that it could be the same as. */
  | { kind: 'invalid'; violations: readonly Violation[] }
  /** A part of the placement has decided against it. */
  | Rejection
  /** The database will never take this order. */
  | { kind: 'refused'; error: unknown }

export type Rejection = {
  kind: 'rejected'
  code: RejectionCode
  detail: string
  /** The places in the document that it is about. */
  violations?: readonly Violation[]
}

/** The placement of a group of which every order was written. */
export function allPlaced(orders: readonly NewOrder[]): Placement {
  return { placed: orders, rejected: none, stored: none }
}

/** What became of the new orders of a group that was written. */
export type Placement = {
  /** Those that are stored now, in the state that was decided on. */
  placed: readonly NewOrder[]
  /** Those that were decided against, by uid. */
  rejected: ReadonlyMap<string, Rejection>
  /** Of those that were decided against the ones that turned out to be stored, by another instance meanwhile. */
  stored: ReadonlyMap<string, StoredOrder>
}

export function isStored(outcome: Outcome): outcome is Success {
  return outcome.kind === 'placed' || outcome.kind === 'duplicate'
}

/** A failure as the error that the sender gets, over HTTP, in a batch, as a dead letter and from the replay of one. */
export function errorOf(outcome: Failure, orderUid: string): AppError {
  switch (outcome.kind) {
    case 'invalid':
      return orderInvalid(outcome.violations)
    case 'conflict':
      return new AppError('ORDER_CONFLICT', `another order is stored under ${orderUid}, and stays as it is`)
    case 'rejected':
      return new AppError(outcome.code, outcome.detail, { violations: outcome.violations })
    case 'refused': {
      const detail = 'the order keeps the contract, yet the database will not take it'
      return new AppError('ORDER_REFUSED_BY_STORE', detail, { cause: outcome.error })
    }
  }
}

/**
 * The orders of a group that are to be written, by uid: those that are not stored, and of several that share a uid the first.
 * Pure.
 *
 * @param stored what is known to be stored, by uid
 */
export function chooseNew(
  group: readonly Submitted[],
  stored: ReadonlyMap<string, StoredOrder>,
  nowMs: number,
): Map<string, NewOrder> {
  const placedAt = new Date(nowMs)
  const chosen = new Map<string, NewOrder>()
  for (const { order } of group) {
    const { orderUid } = order
    if (order.newViolations !== undefined || stored.has(orderUid) || chosen.has(orderUid)) continue
    chosen.set(orderUid, { order, state: initialState(order.isPaid), placedAt, arrival: chosen.size })
  }
  return chosen
}

/** Sorted by uid, so that two instances lock them in the same order. */
export function sortedByUid(orders: ReadonlyMap<string, NewOrder>): NewOrder[] {
  return [...orders.values()].sort((a, b) => (a.order.orderUid < b.order.orderUid ? -1 : 1))
}

type Submitted = { order: ValidOrder }

/**
 * What became of each order of a group. Pure. Of several that share a uid the first that was written is `placed`; the others are
 * compared with it.
 *
 * @param stored what was known to be stored before, by uid
 * @param written what was written now, by uid
 * @param rejected what was decided against, by uid
 * @returns undefined for an order that has the uid of a rejected one and other content: it is still to be decided on
 */
export function outcomesOf(
  group: readonly Submitted[],
  stored: ReadonlyMap<string, StoredOrder>,
  written: ReadonlyMap<string, NewOrder>,
  rejected: ReadonlyMap<string, Rejection> = none,
): (Outcome | undefined)[] {
  const hasRepetitions = group.length > written.size
  const before = new Map<string, StoredOrder>()
  const decidedOn = new Map<string, string>()
  return group.map(({ order }): Outcome | undefined => {
    const { orderUid, json, newViolations } = order
    const known = stored.get(orderUid) ?? before.get(orderUid)
    if (known !== undefined && isSentAs(known, json)) return { kind: 'duplicate', order: known }
    if (newViolations !== undefined) return { kind: 'invalid', violations: newViolations }
    if (known !== undefined) return conflict
    const first = written.get(orderUid)
    if (first !== undefined) {
      const placed = toStored(first)
      if (hasRepetitions) before.set(orderUid, placed)
      return { kind: 'placed', order: placed }
    }
    const decided = decidedOn.get(orderUid) ?? json
    decidedOn.set(orderUid, decided)
    return isSameJson(decided, json) ? rejected.get(orderUid) : undefined
  })
}

const none: ReadonlyMap<string, never> = new Map<string, never>()
const conflict: Outcome = { kind: 'conflict' }

/** Whether an order was sent as this document. One that is erased is also recognized by the document that it reads back as. */
function isSentAs({ document, sent }: StoredOrder, json: string): boolean {
  if (sent === undefined) return isSameJson(document, json)
  return 'digest' in sent
    ? sent.digest.equals(digestOf(json)) || isSameJson(document, json)
    : isSameJson(sent.document, json)
}

/** Whether two compact JSON texts say the same, whatever the order of their fields. */
function isSameJson(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(JSON.parse(one), JSON.parse(other))
}
