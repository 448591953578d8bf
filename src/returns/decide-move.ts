import { type Cause, nextVersion, type ReturnDecision, timeOfState } from './changes.ts'
import { returnEvents } from './events.ts'
import { refuseState } from './refusal.ts'
import type { Return } from './return.ts'

/** Commands to returns that change their state only. Each is pure; the same again changes nothing. */

/** Approves a return: its units may be sent back. @throws AppError RETURN_STATE_REFUSED */
export function decideApprove(before: Return, cause: Cause): ReturnDecision {
  if (before.state === 'approved') return undefined
  if (before.state !== 'requested') refuseState(before, 'approved')
  return move(before, 'approved', cause)
}

/** Rejects a return. @throws AppError RETURN_STATE_REFUSED */
export function decideReject(before: Return, cause: Cause): ReturnDecision {
  if (before.state === 'rejected') return undefined
  if (before.state !== 'requested') refuseState(before, 'rejected')
  return move(before, 'rejected', cause)
}

/** Cancels a return of which nothing has come in. @throws AppError RETURN_STATE_REFUSED */
export function decideCancel(before: Return, cause: Cause): ReturnDecision {
  if (before.state === 'cancelled') return undefined
  const isOpen = before.state === 'requested' || before.state === 'approved'
  if (!isOpen || before.receivedAtMs !== undefined)
    refuseState(before, isOpen ? 'cancelled: units of it have come in' : 'cancelled')
  return move(before, 'cancelled', cause)
}

function move(before: Return, state: 'approved' | 'rejected' | 'cancelled', cause: Cause): ReturnDecision {
  const atMs = Math.max(cause.nowMs, before.updatedAtMs)
  return { change: nextVersion(before, { state, ...timeOfState(state, atMs) }, returnEvents[state], cause) }
}
