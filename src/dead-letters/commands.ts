import { DatabaseError } from 'pg'
import { AppError, type Violation } from '../errors.ts'
import { createMutex } from '../platform/mutex.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import {
  chooseOpen,
  type LockedDeadLetter,
  lockDeadLetters,
  newestDeadLetter,
  type OpenFilter,
  type Resolution,
  recordAttempts,
} from './attempts.ts'
import { byCode, type MessageHandler, type MessageResult } from './message-handler.ts'
import { findDeadLetter } from './queries.ts'

/** Who resolves a dead letter, and why. */
export type ResolvedBy = { actor: string; reason: string }

/** Writes what belongs to a resolution in the transaction that records it. */
export type OnResolved = (client: PoolClient, resolution: Resolution) => Promise<void>

/** Resolves dead letters, one by one or many at a time. */
export type DeadLetterCommands = {
  /** What is wrong with a value now, by the rules for dead letters with this code. */
  check(code: string, value: Buffer | null): readonly Violation[]
  /**
   * Replays a dead letter: its message goes through its topic's handler again, and the outcome is recorded.
   *
   * @param options edited: replaces the message's value; onResolved: runs in the transaction that records the resolution,
   *   unless the message is refused again
   * @returns the resolution: `refused` leaves the dead letter open
   * @throws AppError DEAD_LETTER_NOT_FOUND, DEAD_LETTER_TAKEN, or a transient one (then nothing is recorded; if the message
   *   went through nevertheless, replaying it again is a success)
   */
  replay(
    id: string,
    by: ResolvedBy,
    options?: { edited?: Buffer | undefined; onResolved?: OnResolved | undefined },
  ): Promise<Resolution>
  /** Discards a dead letter. @throws as `replay` */
  discard(id: string, by: ResolvedBy, options?: { onResolved?: OnResolved | undefined }): Promise<Resolution>
  /**
   * Replays every open dead letter that was there when it began and that matches the filter, oldest first, in small batches.
   *
   * @returns the resolutions, batch by batch; the next batch begins when it is asked for
   * @throws a transient AppError; what was yielded until then is recorded
   */
  replayMany(filter: OpenFilter, by: ResolvedBy): AsyncGenerator<Resolution[]>
  /** Discards in the same way. */
  discardMany(filter: OpenFilter, by: ResolvedBy): AsyncGenerator<Resolution[]>
}

/** How long to wait for a dead letter that another instance has locked. */
const lockTimeoutMs = 3_000

/** Callers that may wait for their turn. */
const waitingMax = 100

type Extras = { edited?: Buffer | undefined; onResolved?: OnResolved | undefined }

type Decision = MessageResult | { kind: 'discarded' }

/** What is done with locked, open dead letters: a decision for each. */
type Act = (deadLetters: readonly LockedDeadLetter[]) => Promise<Decision[]>

const discardAll: Act = async deadLetters => deadLetters.map(() => ({ kind: 'discarded' }))

/**
 * Makes the commands. A dead letter is locked while it is resolved, so nobody can replay it edited while another discards it.
 * The lock holds a connection, and the intake needs others to write what is replayed; therefore one batch is resolved at a time.
 */
export function createDeadLetterCommands(options: {
  pool: Pool
  /** Asked when they are needed: modules that start later have some too. */
  handlers: () => readonly MessageHandler[]
  now: () => number
}): DeadLetterCommands {
  const { pool, handlers } = options
  const runExclusive = createMutex(waitingMax)

  async function resolveOne(id: string, act: Act, by: ResolvedBy, extras?: Extras): Promise<Resolution> {
    const { resolutions, deferred } = await runExclusive(() => resolve(options, [id], act, by, extras))
    const [resolution] = resolutions
    if (resolution !== undefined) return resolution
    throw deferred === undefined ? await whyNotOpen(pool, id) : deferred.error
  }

  async function* resolveMany(filter: OpenFilter, act: Act, by: ResolvedBy): AsyncGenerator<Resolution[]> {
    const last = await newestDeadLetter(pool)
    for (let after = '0'; ; ) {
      const ids = await chooseOpen(pool, filter, after, last)
      if (ids.length === 0) return
      const { resolutions, deferred } = await runExclusive(() => resolve(options, ids, act, by))
      yield resolutions
      if (deferred !== undefined) throw deferred.error
      after = ids.at(-1) ?? last
    }
  }

  const redriveAll =
    (edited?: Buffer): Act =>
    deadLetters =>
      redrive(handlers(), deadLetters, edited)

  return {
    check: (code, value) => byCode(handlers()).get(code)?.check(value) ?? [],
    replay: (id, by, extras) => resolveOne(id, redriveAll(extras?.edited), by, extras),
    discard: (id, by, extras) => resolveOne(id, discardAll, by, extras),
    replayMany: (filter, by) => resolveMany(filter, redriveAll(), by),
    discardMany: (filter, by) => resolveMany(filter, discardAll, by),
  }
}

/** Resolves those of the dead letters that are still open, and records it. */
async function resolve(
  { pool, now }: { pool: Pool; now: () => number },
  ids: readonly string[],
  act: Act,
  by: ResolvedBy,
  { edited, onResolved }: Extras = {},
) {
  return inTransaction(pool, async client => {
    await client.query(`set local lock_timeout = ${lockTimeoutMs}`)
    const open = (await lockDeadLetters(client, ids)).filter(({ state }) => state === 'open')
    const decisions = await act(open)
    const resolutions = open.flatMap(({ id }, index) => toResolution(id, decisions[index], edited))
    await recordAttempts(client, resolutions, { ...by, at: new Date(now()).toISOString() })
    for (const resolution of resolutions) {
      if (resolution.outcome !== 'refused') await onResolved?.(client, resolution)
    }
    return { resolutions, deferred: decisions.find(decision => decision.kind === 'deferred') }
  }).catch(explainLock)
}

/** Hands messages to the handlers of their kinds again; those of one kind go together, in their order. */
async function redrive(
  handlers: readonly MessageHandler[],
  deadLetters: readonly LockedDeadLetter[],
  edited: Buffer | undefined,
): Promise<MessageResult[]> {
  const handlerOf = byCode(handlers)
  const results = new Map<LockedDeadLetter, MessageResult>()
  for (const handler of handlers) {
    const own = deadLetters.filter(({ code }) => handlerOf.get(code) === handler)
    if (own.length === 0) continue
    const messages = own.map(({ message }) => (edited === undefined ? message : { ...message, value: edited }))
    const handled = await handler.handle(messages, { isInteractive: true })
    handled.forEach((result, index) => {
      results.set(own[index] as LockedDeadLetter, result)
    })
  }
  return deadLetters.map(found => results.get(found) ?? { kind: 'rejected', error: noHandler(found.code) })
}

function toResolution(id: string, decision: Decision | undefined, edited: Buffer | undefined): Resolution[] {
  switch (decision?.kind) {
    case 'accepted':
      return [{ id, edited, outcome: decision.outcome, orderUid: decision.orderUid }]
    case 'rejected':
      return [{ id, edited, outcome: 'refused', error: decision.error }]
    case 'discarded':
      return [{ id, outcome: 'discarded' }]
    default:
      return []
  }
}

async function whyNotOpen(pool: Pool, id: string): Promise<AppError> {
  const found = await findDeadLetter(pool, id)
  if (found === undefined) return notFound(id)
  const { state, last_attempt: last } = found.deadLetter
  return new AppError('DEAD_LETTER_TAKEN', `it is ${state} since ${last?.recorded_at}, by "${last?.actor}"`)
}

export function notFound(id: string): AppError {
  return new AppError('DEAD_LETTER_NOT_FOUND', `no dead letter has the id ${id}`)
}

function noHandler(code: string): AppError {
  return new AppError('REQUEST_INVALID', `no handler takes messages that were refused with ${code}`)
}

/** SQLSTATE 55P03: the lock was not acquired in time. */
function explainLock(error: unknown): never {
  if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error
  throw new AppError('DEAD_LETTER_TAKEN', 'it is open, and somebody else is dealing with it at this moment')
}
