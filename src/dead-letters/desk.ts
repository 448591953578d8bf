import { DatabaseError } from 'pg'
import { AppError, type Violation } from '../errors.ts'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import {
  chooseOpen,
  type LockedLetter,
  lockLetters,
  type NewAttempt,
  newestLetter,
  type OpenFilter,
  recordAttempts,
} from './attempts.ts'
import { findDeadLetter } from './queries.ts'
import { byCode, type Receiver, type Verdict } from './receiver.ts'
import { createTurns } from './turns.ts'

/** Who deals with a letter, and why. */
export type By = { actor: string; reason: string }

/** What became of a letter. Its state is `replayed`, `open` if it was refused, or `discarded`. */
export type Result = NewAttempt

/** Writes what belongs to a result in the transaction that records it. */
export type Keep = (client: PoolClient, result: Result) => Promise<void>

/** Where dead letters are dealt with, one by one or many at a time. */
export type Desk = {
  /** What is wrong with a value now, by the rules for letters with this reason. */
  check(code: string, value: Buffer | null): readonly Violation[]
  /**
   * Replays a letter: its message is taken in like any other of its kind, and what came of it is recorded.
   *
   * @param options edited: what to take in instead of the message's value; keep: writes what belongs to the result, in the
   *   transaction that records it, unless the message is refused again
   * @throws AppError DEAD_LETTER_NOT_FOUND, DEAD_LETTER_TAKEN, or one that passes (then nothing is recorded; if the message
   *   was taken in nevertheless, replaying it again is a success)
   */
  replay(id: string, by: By, options?: { edited?: Buffer | undefined; keep?: Keep | undefined }): Promise<Result>
  /** Discards a letter. @throws as `replay` */
  discard(id: string, by: By, options?: { keep?: Keep | undefined }): Promise<Result>
  /**
   * Replays every open letter that was there when it began and that the filter lets through, oldest first, in small batches.
   *
   * @returns what became of each, batch by batch; the next batch begins when it is asked for
   * @throws AppError that passes; what was yielded until then is recorded
   */
  replayMany(filter: OpenFilter, by: By): AsyncGenerator<Result[]>
  /** The same for discarding. */
  discardMany(filter: OpenFilter, by: By): AsyncGenerator<Result[]>
}

/** How long a letter on which another instance works is waited for. */
const patienceMs = 3_000

/** Callers that may wait for their turn. */
const waitingMax = 100

type Extras = { edited?: Buffer | undefined; keep?: Keep | undefined }

/** What is done with open letters: a verdict or `discarded` for each. */
type Act = (letters: readonly LockedLetter[]) => Promise<(Verdict | { kind: 'discarded' })[]>

/**
 * A letter is locked while it is dealt with, so nobody can replay it edited while another discards it. The lock holds a
 * connection, and the intake needs others to write what is replayed; therefore one batch is dealt with at a time.
 */
export function createDesk(options: { pool: Pool; receivers: readonly Receiver[]; now: () => number }): Desk {
  const { pool, now } = options
  const receivers = byCode(options.receivers)
  const takeTurn = createTurns(waitingMax)

  /** Deals with letters that are open still, and records it. */
  async function deal(ids: readonly string[], act: Act, by: By, { edited, keep }: Extras = {}) {
    return inTransaction(pool, async client => {
      await client.query(`set local lock_timeout = ${patienceMs}`)
      const letters = (await lockLetters(client, ids)).filter(({ state }) => state === 'open')
      const verdicts = await act(letters)
      const results = letters.flatMap((letter, index) => toResult(letter.id, verdicts[index], edited))
      await recordAttempts(client, results, { ...by, at: new Date(now()).toISOString() })
      for (const result of results) if (result.outcome !== 'refused') await keep?.(client, result)
      return { results, postponed: verdicts.find(verdict => verdict.kind === 'postponed') }
    }).catch(explainLock)
  }

  async function dealWithOne(id: string, act: Act, by: By, extras?: Extras): Promise<Result> {
    const { results, postponed } = await takeTurn(() => deal([id], act, by, extras))
    const [result] = results
    if (result !== undefined) return result
    throw postponed === undefined ? await whyNotOpen(pool, id) : postponed.error
  }

  async function* dealWithMany(filter: OpenFilter, act: Act, by: By): AsyncGenerator<Result[]> {
    const last = await newestLetter(pool)
    for (let after = '0'; ; ) {
      const ids = await chooseOpen(pool, filter, after, last)
      if (ids.length === 0) return
      const { results, postponed } = await takeTurn(() => deal(ids, act, by))
      yield results
      if (postponed !== undefined) throw postponed.error
      after = ids.at(-1) ?? last
    }
  }

  /** Letters of one kind go in together, in their order. */
  const take = async (letters: readonly LockedLetter[], edited?: Buffer): Promise<Verdict[]> => {
    const verdicts = new Map<LockedLetter, Verdict>()
    for (const receiver of options.receivers) {
      const own = letters.filter(letter => receivers.get(letter.code) === receiver)
      const messages = own.map(({ message }) => (edited === undefined ? message : { ...message, value: edited }))
      const judged = await receiver.take(messages)
      judged.forEach((verdict, index) => {
        verdicts.set(own[index] as LockedLetter, verdict)
      })
    }
    return letters.map(letter => verdicts.get(letter) ?? { kind: 'refused', error: nobodyTakes(letter.code) })
  }

  const throwAway: Act = async letters => letters.map(() => ({ kind: 'discarded' }))

  return {
    check: (code, value) => receivers.get(code)?.check(value) ?? [],
    replay: (id, by, extras) => dealWithOne(id, letters => take(letters, extras?.edited), by, extras),
    discard: (id, by, extras) => dealWithOne(id, throwAway, by, extras),
    replayMany: (filter, by) => dealWithMany(filter, letters => take(letters), by),
    discardMany: (filter, by) => dealWithMany(filter, throwAway, by),
  }
}

function toResult(
  id: string,
  verdict: Verdict | { kind: 'discarded' } | undefined,
  edited: Buffer | undefined,
): Result[] {
  switch (verdict?.kind) {
    case 'taken':
      return [{ id, edited, outcome: verdict.outcome, orderUid: verdict.orderUid }]
    case 'refused':
      return [{ id, edited, outcome: 'refused', error: verdict.error }]
    case 'discarded':
      return [{ id, outcome: 'discarded' }]
    default:
      return []
  }
}

async function whyNotOpen(pool: Pool, id: string): Promise<AppError> {
  const found = await findDeadLetter(pool, id)
  if (found === undefined) return notFound(id)
  const { state, last_attempt: last } = found.letter
  return new AppError('DEAD_LETTER_TAKEN', `it is ${state} since ${last?.recorded_at}, by "${last?.actor}"`)
}

export function notFound(id: string): AppError {
  return new AppError('DEAD_LETTER_NOT_FOUND', `no dead letter has the id ${id}`)
}

function nobodyTakes(code: string): AppError {
  return new AppError('REQUEST_INVALID', `nothing takes in what was refused with ${code}`)
}

/** SQLSTATE 55P03: the lock was not to be had in time. */
function explainLock(error: unknown): never {
  if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error
  throw new AppError('DEAD_LETTER_TAKEN', 'it is open, and somebody else is dealing with it at this moment')
}
