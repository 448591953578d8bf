import type { ReturnChange } from './changes.ts'
import { defaultRefundOf } from './refund-amount.ts'
import { availableActionsOf, type Return, type ReturnUnit } from './return.ts'
import type { ReturnData, ReturnView } from './views.ts'

/** A return as the API shows it. */
export function presentReturn(of: Return): ReturnView {
  const { refund } = of
  const isOver = of.state === 'refunded' || of.state === 'rejected' || of.state === 'cancelled'
  return {
    id: of.returnId,
    order_uid: of.orderUid,
    state: of.state,
    rids: of.units.map(({ rid }) => rid),
    units: of.units.map(unit => ({ ...presentUnit(unit), stocked: unit.isStocked })),
    currency: of.currency,
    refund: {
      state: refund.state ?? null,
      expected: isOver ? 0 : defaultRefundOf(of, refund),
      amount: refund.amount,
      fee: refund.fee,
      delivery: refund.delivery,
      refunded: refund.refunded,
      operation_ids: refund.operationIds,
    },
    available_actions: availableActionsOf(of),
    reason: of.reason,
    actor: of.actor,
    version: of.version,
    created_at: new Date(of.createdAtMs).toISOString(),
    approved_at: timeOf(of.approvedAtMs),
    received_at: timeOf(of.receivedAtMs),
    refunded_at: timeOf(of.refundedAtMs),
    rejected_at: timeOf(of.rejectedAtMs),
    cancelled_at: timeOf(of.cancelledAtMs),
    updated_at: new Date(of.updatedAtMs).toISOString(),
  }
}

/** What the event of a change carries. */
export function dataOf({ before, after }: ReturnChange): ReturnData {
  const { state, currency, refund, version, reason, actor } = after
  return {
    ...{ state, previous_state: before?.state ?? null, units: after.units.map(presentUnit), currency },
    ...{ refunded: refund.refunded, fee: refund.fee, delivery: refund.delivery, version, reason, actor },
  }
}

function presentUnit({ rid, line, chrtId, shipmentId, amount, condition, location, receivedAtMs }: ReturnUnit) {
  return {
    ...{ rid, line, chrt_id: chrtId, shipment_id: shipmentId, amount, condition: condition ?? null },
    ...{ location: location ?? null, received_at: timeOf(receivedAtMs) },
  }
}

function timeOf(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString()
}
