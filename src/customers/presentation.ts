import type { Erasure } from './erasure-queries.ts'
import type { ErasureView, OrderErasureView } from './views.ts'

/** An erasure as it is answered. @param notReached where recipients may still be afterwards */
export function presentErasure(erasure: Erasure, notReached: readonly string[]): ErasureView | OrderErasureView {
  const { erasureId, whom, step, counts, reason, actor, startedAtMs, finishedAtMs } = erasure
  return {
    id: erasureId,
    ...(whom.orderUid === undefined ? { customer_id: whom.customerId } : { order_uid: whom.orderUid }),
    state: step === undefined ? 'finished' : 'running',
    erased: { ...counts },
    reason,
    actor,
    started_at: new Date(startedAtMs).toISOString(),
    finished_at: finishedAtMs === undefined ? null : new Date(finishedAtMs).toISOString(),
    not_reached: [...notReached],
  }
}
