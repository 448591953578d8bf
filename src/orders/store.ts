import { appendEvents, logChannel, type NewEvent } from '../events/log.ts'
import { inTransaction, type Pool } from '../platform/postgres.ts'
import type { IntakeStore } from './group-writer.ts'
import { stateJson } from './order.ts'
import { findDocuments, insertOrders, type NewOrder } from './queries.ts'

/** The intake's store on PostgreSQL: an order, its lines and its `order.placed` are one transaction. */
export function createIntakeStore(pool: Pool): IntakeStore {
  return {
    findDocuments: orderUids => findDocuments(pool, orderUids),
    place: orders =>
      inTransaction(pool, async client => {
        await insertOrders(client, orders)
        await appendEvents(client, orders.map(placed))
        await client.query(`notify ${logChannel}`)
      }),
  }
}

function placed({ order, state, placedAt }: NewOrder): NewEvent {
  return { orderUid: order.orderUid, sequence: 1, type: 'order.placed', recordedAt: placedAt, data: stateJson(state) }
}
