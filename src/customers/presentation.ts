import type { Erasure } from './erasure-queries.ts'
import type { ErasureView } from './views.ts'

/** An erasure as it is answered. @param notReached where recipients may still be afterwards */
export function presentErasure(erasure: Erasure, notReached: readonly string[]): ErasureView {
  const { erasureId, customerId, step, counts, reason, actor, startedAtMs, finishedAtMs } = erasure
  return {
    id: erasureId,
    customer_id: customerId,
    state: step === undefined ? 'finished' : 'running',
    erased: { ...counts },
    reason,
    actor,
    started_at: new Date(startedAtMs).toISOString(),
    finished_at: finishedAtMs === undefined ? null : new Date(finishedAtMs).toISOString(),
    not_reached: [...notReached],
  }
}
