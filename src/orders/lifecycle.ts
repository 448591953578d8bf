import type { OrderState, OrderStatus } from './order.ts'

/** Commands that people and programs give. */
export const requestedCommands = ['confirm', 'hold', 'complete', 'cancel'] as const
export type RequestedCommand = (typeof requestedCommands)[number]

/** The commands that change the status; `expire` is given when the time for the payment is over. */
export type StatusCommand = RequestedCommand | 'expire'

/**
 * What the history of an order names beside the commands, and what leaves the status as it is: `pay` changes what is paid of it,
 * `deliver` what is delivered, `correct` its recipient, and `erase` removes the recipient.
 */
export const otherChanges = ['pay', 'deliver', 'correct', 'erase'] as const
export type OrderCommand = StatusCommand | (typeof otherChanges)[number]

/** The statuses that commands lead to. None leads back to the first one. */
export type ChangedStatus = Exclude<OrderStatus, 'pending'>

/** Which command leads where; a check constraint of the database repeats it. */
export const moves: Readonly<Record<StatusCommand, { from: readonly OrderStatus[]; to: ChangedStatus }>> = {
  confirm: { from: ['pending', 'on_hold'], to: 'confirmed' },
  hold: { from: ['confirmed'], to: 'on_hold' },
  complete: { from: ['confirmed'], to: 'completed' },
  cancel: { from: ['pending', 'confirmed', 'on_hold'], to: 'cancelled' },
  expire: { from: ['pending'], to: 'expired' },
}

export type Decision =
  /** A redelivered command is not an error. */
  | { kind: 'unchanged' }
  | { kind: 'refused'; from: OrderStatus; to: OrderStatus }
  | { kind: 'changed'; state: OrderState & { status: ChangedStatus } }

/** Decides what a command does to an order in a state. Pure. */
export function decideCommand(state: OrderState, command: StatusCommand): Decision {
  const { from, to } = moves[command]
  if (state.status === to) return { kind: 'unchanged' }
  if (!from.includes(state.status)) return { kind: 'refused', from: state.status, to }
  return { kind: 'changed', state: { ...state, status: to } }
}
