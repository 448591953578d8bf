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

/** Keeps what one letter's sender is answered, in the transaction that records the result. */
export type Keep = (client: PoolClient, result: Result) => Promise<void>

/** Where dead letters are dealt with, one by one or many at a time. */
export type Desk = {
  /** What is wrong with a value now, by the rules for letters with this reason. */
  check(code: string, value: Buffer | null): readonly Violation[]
  /**
   * Replays a letter: its message is taken in like any other of its kind, and what came of it is recorded.
   *
   * @param edited what to take in instead of the message's value
   * @param keep not called for a letter that was not dealt with
   * @throws AppError DEAD_LETTER_NOT_FOUND, DEAD_LETTER_TAKEN, or one that passes (then nothing is recorded; if the message
   *   was taken in nevertheless, replaying it again is a success)
   */
  replay(id: string, by: By, edited?: Buffer, keep?: Keep): Promise<Result>
  /** Discards a letter. @throws as `replay` */
  discard(id: string, by: By, keep?: Keep): Promise<Result>
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

  /** Deals with the letters that `pick` locks, and records it. */
  async function deal(
    pick: (client: PoolClient) => Promise<LockedLetter[]>,
    act: Act,
    by: By,
    edited?: Buffer,
    keep?: Keep,
  ) {
    return inTransaction(pool, async client => {
      await client.query(`set local lock_timeout = ${patienceMs}`)
      const letters = await pick(client)
      const verdicts = await act(letters)
      const attempts = letters.flatMap((letter, index) => toAttempt(letter.id, verdicts[index], edited))
      await recordAttempts(client, attempts, { ...by, at: new Date(now()).toISOString() })
      if (keep !== undefined) for (const attempt of attempts) await keep(client, attempt)
      const postponed = verdicts.find(verdict => verdict.kind === 'postponed')
      return { attempts, postponed }
    }).catch(explainLock)
  }

  async function dealWithOne(id: string, act: Act, by: By, edited?: Buffer, keep?: Keep): Promise<Result> {
    const pick = async (client: PoolClient) => (await lockLetters(client, [id])).filter(isOpen)
    const { attempts, postponed } = await takeTurn(() => deal(pick, act, by, edited, keep))
    const [attempt] = attempts
    if (attempt !== undefined) return attempt
    if (postponed !== undefined) throw postponed.error
    throw await whyNotOpen(pool, id)
  }

  async function* dealWithMany(filter: OpenFilter, act: Act, by: By): AsyncGenerator<Result[]> {
    const last = await newestLetter(pool)
    for (let after = '0'; ; ) {
      const ids = await chooseOpen(pool, filter, after, last)
      if (ids.length === 0) return
      const pick = async (client: PoolClient) => (await lockLetters(client, ids)).filter(isOpen)
      const { attempts, postponed } = await takeTurn(() => deal(pick, act, by))
      yield attempts
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
    replay: (id, by, edited, keep) => dealWithOne(id, letters => take(letters, edited), by, edited, keep),
    discard: (id, by, keep) => dealWithOne(id, throwAway, by, undefined, keep),
    replayMany: (filter, by) => dealWithMany(filter, letters => take(letters), by),
    discardMany: (filter, by) => dealWithMany(filter, throwAway, by),
  }
}

function isOpen(letter: LockedLetter): boolean {
  return letter.state === 'open'
}

function toAttempt(
  id: string,
  verdict: Verdict | { kind: 'discarded' } | undefined,
  edited: Buffer | undefined,
): NewAttempt[] {
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
