/** Returns: units of an order that come back. Amounts are in the currency's minor unit, times in milliseconds since 1970. */

export const returnStates = ['requested', 'approved', 'received', 'refunded', 'rejected', 'cancelled'] as const
export type ReturnState = (typeof returnStates)[number]

/** What a unit is like that has come back: it is sold again, kept apart, or was not there. */
export const unitConditions = ['restock', 'damaged', 'missing'] as const
export type UnitCondition = (typeof unitConditions)[number]

/** What has become of the last attempt at a refund. */
export const refundStates = ['pending', 'succeeded', 'failed'] as const
export type RefundState = (typeof refundStates)[number]

/** A unit of an order in a return. */
export type ReturnUnit = Readonly<{
  /** The place of its item in the order's document, from 0. An order may name two items alike. */
  line: number
  rid: string
  chrtId: number
  /** The shipment that it went out with. */
  shipmentId: string
  /** What was paid for it: see `paidOf`. */
  amount: number
  /** Undefined: it has not come in. */
  condition: UnitCondition | undefined
  /** Where it was put; undefined: nobody has said. */
  location: string | undefined
  /** Whether it is in the stock of that location: its item is tracked. */
  isStocked: boolean
  receivedAtMs: number | undefined
}>

/** The money of a return. */
export type ReturnRefund = Readonly<{
  /** Undefined: nobody has asked for one, or what was asked for was refused. */
  state: RefundState | undefined
  /** What the last attempt is to refund. */
  amount: number
  /** Whether it is less where less can be refunded: nobody has named an amount. */
  isAtMost: boolean
  /** What is kept for the return, and what is refunded of the delivery. */
  fee: number
  delivery: number
  /** Why, and who has asked. */
  reason: string
  actor: string
  /** Attempts so far. Payments know each by its number. */
  attempts: number
  /** What all of them have refunded, and by which operations. */
  refunded: number
  operationIds: readonly string[]
  /** When a worker takes a pending one up. */
  dueAtMs: number | undefined
}>

export type Return = Readonly<{
  orderUid: string
  returnId: string
  state: ReturnState
  currency: string
  refund: ReturnRefund
  /** Why it last changed, and who did it. */
  reason: string
  actor: string
  /** The sequence of its last event. */
  version: number
  createdAtMs: number
  approvedAtMs: number | undefined
  /** When units last came in. */
  receivedAtMs: number | undefined
  refundedAtMs: number | undefined
  rejectedAtMs: number | undefined
  cancelledAtMs: number | undefined
  updatedAtMs: number
  /** In the order of their lines. */
  units: readonly ReturnUnit[]
}>

export const noRefund: ReturnRefund = {
  ...{ state: undefined, amount: 0, isAtMost: false, fee: 0, delivery: 0, reason: '', actor: '' },
  ...{ attempts: 0, refunded: 0, operationIds: [], dueAtMs: undefined },
}

/** Whether a unit of a return can be in no other one. One that was not in the parcel may come back later. */
export function isLive({ state }: Pick<Return, 'state'>, { condition }: Pick<ReturnUnit, 'condition'>): boolean {
  return state !== 'rejected' && state !== 'cancelled' && condition !== 'missing'
}

/** Whether a unit has come back. */
export function isBack({ condition }: Pick<ReturnUnit, 'condition'>): boolean {
  return condition === 'restock' || condition === 'damaged'
}

/** Whether its refund is under way or done: what it is worth does not change any more. */
export function isRefunding({ state }: Pick<ReturnRefund, 'state'>): boolean {
  return state === 'pending' || state === 'succeeded'
}

export const returnActions = ['approve', 'reject', 'receive', 'refund', 'cancel'] as const
export type ReturnAction = (typeof returnActions)[number]

/** What can be asked of a return now, in the order of `returnActions`. */
export function availableActionsOf({ state, refund, receivedAtMs, units }: Return): ReturnAction[] {
  switch (state) {
    case 'requested':
      return ['approve', 'reject', 'cancel']
    case 'approved':
      return receivedAtMs === undefined ? ['receive', 'cancel'] : ['receive']
    case 'received': {
      const mayArrive = !isRefunding(refund) && units.some(({ condition }) => condition === 'missing')
      return mayArrive ? ['receive', 'refund'] : ['refund']
    }
    case 'refunded':
    case 'rejected':
    case 'cancelled':
      return []
  }
}
