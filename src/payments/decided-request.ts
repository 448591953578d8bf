import type { Outcome } from '../platform/grouped-writer.ts'
import type { KeyStates } from '../platform/idempotency/claims-within.ts'
import { type Claim, type KeptAnswer, KeyNotOurs } from '../platform/idempotency/queries.ts'
import type { Changes, OrderPayments } from './changes.ts'
import { newStamp } from './remembered.ts'
import type { Cause, DecidedChanges } from './save.ts'

export type ChangeRequest<Result> = Readonly<{
  orderUid: string
  /** The claim of its Idempotency-Key, which is made in the transaction if it was not before: nothing is decided under a key of another request. */
  claim?: Claim
  /**
   * Decides by the order with its payments; undefined when it is not stored. Called again when the transaction is repeated, so it must
   * be pure.
   *
   * @param nowMs milliseconds since 1970
   */
  decide(before: OrderPayments | undefined, nowMs: number): Decision<Result>
}>

export type Decision<Result> = Readonly<{
  result: Result
  /** Undefined: nothing is changed. */
  changes?: Changes | undefined
  cause?: Cause | undefined
  /** The payments as they are then; undefined when nobody has made them yet. */
  after?: OrderPayments | undefined
  /** The answer to the request that caused it, which is stored with it. */
  keep?: KeptAnswer | undefined
}>

/** What was decided on a request: its outcome, and what is saved of it. */
export type Decided = Readonly<{ outcome: Outcome<unknown>; saved?: DecidedChanges; keep?: KeptAnswer | undefined }>

/**
 * Decides on a request. What `decide` throws is the outcome of its own request only.
 *
 * @param states what may be done with the keys of requests
 */
export function decide(
  request: ChangeRequest<unknown>,
  states: KeyStates,
  before: OrderPayments | undefined,
  nowMs: number,
): Decided {
  const state = request.claim && states.get(request.claim.id)
  if (state?.kind === 'held' || state?.kind === 'answered') {
    return { outcome: { kind: 'failed', error: new KeyNotOurs(state) } }
  }
  try {
    const { result, changes, cause = noCause, keep, after } = request.decide(before, nowMs)
    const outcome = { kind: 'done', result } as const
    if (before === undefined || changes === undefined) return { outcome, keep }
    return { outcome, keep, saved: { before, changes, cause, decidedAtMs: nowMs, stamp: newStamp(), after } }
  } catch (error) {
    return { outcome: { kind: 'failed', error } }
  }
}

const noCause: Cause = { actor: 'payments' }
