import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/log.ts'
import { type Copy, copyInto } from '../platform/copy.ts'
import { copyOfAnswers } from '../platform/idempotency/queries.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import type { IntakeStore } from './group-writer.ts'
import { orderPlaced } from './messages.ts'
import { stateJson } from './order.ts'
import { copiesOfOrders, findDocuments, type NewOrder } from './queries.ts'
import { copyOfTallies } from './tally.ts'

/** The intake's store on PostgreSQL: an order, its lines and its `order.placed` are one transaction. */
export function createIntakeStore(pool: Pool): IntakeStore {
  return {
    findDocuments: orderUids => findDocuments(pool, orderUids),
    place: orders =>
      withConnection(pool, client =>
        copyInto(
          client,
          [
            ...copiesOfOrders(orders),
            copyOfEvents(orders.map(placed)),
            copyOfTallies(orders),
            ...copiesOfKeptAnswers(orders),
          ],
          notifyOfEvents,
        ),
      ),
  }
}

function copiesOfKeptAnswers(orders: readonly NewOrder[]): Copy[] {
  const kept = orders.flatMap(placed => placed.order.keepAnswer?.(placed) ?? none)
  return kept.length === 0 ? [] : [copyOfAnswers(kept)]
}

const none: [] = []

function placed({ order, state, placedAt }: NewOrder): NewEvent {
  const { orderUid, traceparent } = order
  return { orderUid, sequence: 1, definition: orderPlaced, recordedAt: placedAt, data: stateJson(state), traceparent }
}
