import { DatabaseError } from 'pg'
import type { KeyStates } from '../platform/idempotency/claims-within.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import { type ChangeRequest, type Decided, decide } from './decided-request.ts'
import type { KnownPayments, RememberedPayments } from './remembered.ts'
import type { DecidedChanges, FollowedOrders, Written } from './save.ts'
import { knownWrites, saveKnown } from './save-known.ts'

/** A group that was written: what was decided, what of it was saved, and what that has done to orders. */
export type WrittenGroup = Readonly<{ decided: readonly Decided[]; saved: readonly DecidedChanges[]; written: Written }>

/** Writes a group in one round trip. @returns undefined when it cannot: nothing was written */
export type KnownWriter = (requests: readonly ChangeRequest<unknown>[]) => Promise<WrittenGroup | undefined>

type Options = Readonly<{
  pool: Pool
  now: () => number
  orders: FollowedOrders
  remembered: RememberedPayments
}>

/** After a group that had to be repeated, others are not tried this way: what is known may often be wrong, or other modules be concerned. */
const pauseMs = 1_000

/**
 * Makes a writer of groups whose orders this instance has stored a moment ago, as outcomes find them. They are decided before they are
 * locked, and what is written is sent with the check that nobody has changed them since: one round trip instead of two, and nothing is read.
 */
export function createKnownWriter({ pool, now, orders, remembered }: Options): KnownWriter {
  let pausedUntilMs = -Infinity
  return async requests => {
    if (performance.now() < pausedUntilMs || requests.some(({ claim }) => claim !== undefined)) return undefined
    const known = requests.map(({ orderUid }) => remembered.known(orderUid))
    if (!isComplete(known)) return undefined
    const nowMs = now()
    const decided = requests.map((request, index) => decide(request, noKeys, known[index]?.before, nowMs))
    const saved = decided.flatMap(({ saved }) => saved ?? [])
    const kept = decided.flatMap(({ keep }) => keep ?? [])
    // What changes nothing, or is refused, is decided by what is there.
    const writes = saved.length < requests.length ? undefined : knownWrites(saved, orders)
    if (writes === undefined) return undefined
    try {
      await withConnection(pool, client => saveKnown(client, known, writes, kept))
      return { decided, saved, written: writes }
    } catch (error) {
      if (!isOvertaken(error)) throw error
      pausedUntilMs = performance.now() + pauseMs
      return undefined
    }
  }
}

const noKeys: KeyStates = new Map()

function isComplete(known: readonly (KnownPayments | undefined)[]): known is readonly KnownPayments[] {
  return known.every(one => one !== undefined)
}

/** SQLSTATE serialization_failure: what was known is not so, or more is to be done. */
function isOvertaken(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '40001'
}
