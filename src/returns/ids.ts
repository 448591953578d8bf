import { idOf, newId } from '../payments/ids.ts'
import type { Claim } from '../platform/idempotency/queries.ts'

/** The form of a return's id: `ret_` and 24 characters. */
export const returnIdForm = /^ret_[a-z2-7]{24}$/

/** The id of a new return. @param claim of its request's Idempotency-Key: a repetition makes the same id */
export function newReturnId(claim: Claim | undefined): string {
  return claim === undefined ? newId('ret') : idOf('ret', claim)
}
