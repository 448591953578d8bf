import { copyOfEvents, type NewEvent } from '../events/append.ts'
import { copyOfAnswers } from '../platform/idempotency/queries.ts'
import { copyOfTransitions, type Transition } from './command-queries.ts'
import { orderPlaced } from './messages.ts'
import { initialState, stateJson } from './order.ts'
import type { PlacementPart } from './placement-part.ts'
import type { NewOrder } from './new-order.ts'
import { copiesOfOrders } from './queries.ts'
import { changeEvent } from './status-change.ts'
import { copyOfTallies } from './tally.ts'

/** The rows of orders and of their items. They come first: an order that is stored already is noticed by them. */
const orders: PlacementPart = { rows: copiesOfOrders }

/** `order.placed`, and for an order that a part has put on hold also that change. */
const events: PlacementPart = {
  rows(placed) {
    const held = placed.flatMap(order => holdOf(order) ?? none)
    if (held.length === 0) return [copyOfEvents(placed.map(placedEvent))]
    const both = placed.flatMap(order => [placedEvent(order), ...holdEvents(order)])
    return [copyOfEvents(both), copyOfTransitions(held)]
  },
}

function placedEvent({ order, state, placedAt, hold }: NewOrder): NewEvent {
  const { orderUid, traceparent } = order
  const data = stateJson(hold === undefined ? state : initialState(order.isPaid))
  return { streamId: orderUid, sequence: 1, definition: orderPlaced, recordedAt: placedAt, data, traceparent }
}

/** An order is put on hold as by a command that follows at once. */
function holdOf({ order, hold, placedAt }: NewOrder): Transition | undefined {
  if (hold === undefined) return undefined
  const { status: from } = initialState(order.isPaid)
  const { orderUid } = order
  return { orderUid, version: 2, command: 'hold', from, to: 'on_hold', ...hold, recordedAt: placedAt }
}

function holdEvents(order: NewOrder): NewEvent[] {
  const hold = holdOf(order)
  if (hold === undefined) return none
  const { state } = order
  return [changeEvent(hold, { ...state, status: 'on_hold' }, state, order.order.traceparent)]
}

/** The sums of the overview. */
const tallies: PlacementPart = { rows: placed => [copyOfTallies(placed)] }

/** The answers to requests with an Idempotency-Key. */
const keptAnswers: PlacementPart = {
  rows(placed) {
    const kept = placed.flatMap(order => order.order.keepAnswer?.(order) ?? none)
    return kept.length === 0 ? [] : [copyOfAnswers(kept)]
  },
}

const none: [] = []

/** What the service itself writes for an order that is placed. Modules add theirs behind these. */
export const orderParts: readonly PlacementPart[] = [orders, events, tallies, keptAnswers]
