import { AppError } from '../errors.ts'
import { lockedOf, lockingOrders } from '../orders/order-locks.ts'
import { createGroupedWriter, type GroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { type KeyStates, readingKeys } from '../platform/idempotency/claims-within.ts'
import type { Claim } from '../platform/idempotency/queries.ts'
import { type Pool, type PoolClient, violatedKey, withConnection } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import { applyChanges } from './apply-changes.ts'
import { beginChanges } from './begin-changes.ts'
import { type ChangeRequest, type Decided, decide } from './decided-request.ts'
import { createKnownWriter, type KnownWriter, type WrittenGroup } from './known-group.ts'
import { readStamps, withPayments } from './load.ts'
import { isOpen } from './payment.ts'
import { createRememberedPayments, type RememberedPayments, type StoredPayments } from './remembered.ts'
import { toldParts } from './told-parts.ts'
import { type ChangedOrder, type DecidedChanges, type FollowedOrders, saveAndCommit, type Written } from './save.ts'

/**
 * The one way to change payments. Requests that come at the same time are decided and saved in groups, each by one transaction, so that
 * many share the price of a commit and of its statements.
 */
export type PaymentWriter = Readonly<{
  /**
   * Locks an order, loads its payments, decides, and saves what was decided.
   *
   * @returns what was decided, when it is durable
   * @throws what `decide` throws; AppError ORDER_LOCKED when another transaction keeps the order, OVERLOADED; the database's error, after
   *   which it is not known whether it was saved
   */
  change<Result>(request: ChangeRequest<Result>): Promise<Result>
  /** Remembers payments that another transaction of this instance has stored, and whose outcome comes next. */
  remember(orderUid: string, stamp: number, payments: StoredPayments): void
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

type Options = Readonly<{
  pool: Pool
  now: () => number
  orders: FollowedOrders
  /** Called after the commit, before the senders know. */
  onCommitted: (decided: readonly DecidedChanges[], changed: readonly ChangedOrder[]) => void
}>

/** The most orders that one transaction handles, and how many transactions there are at a time: a second one when it has enough to do. */
const groupMax = 64
const writersMax = 2
const besideMin = 24
/** The most requests that wait. */
const waitingMax = 2_000

export function createPaymentWriter(options: Options): PaymentWriter {
  const remembered = createRememberedPayments()
  const known = createKnownWriter({ ...options, remembered })
  const createWriter = (): GroupedWriter<ChangeRequest<unknown>, unknown> =>
    createGroupedWriter({
      what: 'changes of payments',
      keyOf: ({ orderUid }) => orderUid,
      writeGroup: requests => writeGroup(options, remembered, known, requests),
      groupMax,
      writersMax,
      besideMin,
      waitingMax,
      busyError: () => new AppError('ORDER_LOCKED', 'another transaction has the order'),
    })
  // What begins does not wait for outcomes, nor they for it. The order's lock keeps two groups from having one order.
  const [begins, others] = [createWriter(), createWriter()]
  return {
    change: async <Result>(request: ChangeRequest<Result>) => {
      const writer = request.claim === undefined ? others : begins
      return (await writer.write(request).catch(explain)) as Result
    },
    remember: (orderUid, stamp, payments) => remembered.keep(orderUid, stamp, payments),
    close: async deadlineMs => {
      await Promise.all([begins.close(deadlineMs), others.close(deadlineMs)])
    },
  }
}

/**
 * Writes a group in one transaction: by what is remembered of its orders, or by what is read under their locks when that is not known, or
 * not right.
 */
async function writeGroup(
  options: Options,
  remembered: RememberedPayments,
  known: KnownWriter,
  requests: readonly ChangeRequest<unknown>[],
): Promise<Outcome<unknown>[]> {
  const { decided, saved, written } = (await known(requests)) ?? (await writeLocked(options, remembered, requests))
  options.onCommitted(saved, written.changed)
  for (const one of saved) remember(remembered, one, written)
  return decided.map(({ outcome }) => outcome)
}

/** Locks, loads, decides and saves the orders of a group in one transaction. */
function writeLocked(
  { pool, now, orders: followed }: Options,
  remembered: RememberedPayments,
  requests: readonly ChangeRequest<unknown>[],
): Promise<WrittenGroup> {
  return withConnection(pool, async client => {
    const claims = requests.flatMap(untakenOf)
    const { locked, busy, stamps, states, told } = await lockAndRead(client, requests, claims, followed)
    const isBusy = new Set(busy)
    const all = await withPayments(client, locked, stamps, remembered)
    const loaded = new Map(all.map(before => [before.order.orderUid, before]))
    const nowMs = now()
    const decided = requests.map(
      (request): Decided =>
        isBusy.has(request.orderUid)
          ? { outcome: { kind: 'busy' } }
          : decide(request, states, loaded.get(request.orderUid), nowMs),
    )
    const saved = decided.flatMap(({ saved }) => saved ?? [])
    const kept = decided.flatMap(({ keep }) => keep ?? [])
    const unclaimed = requests.flatMap(request => (isBusy.has(request.orderUid) ? [] : untakenOf(request)))
    const [free, over] = [claimable(unclaimed, states, 'free'), claimable(unclaimed, states, 'over')]
    const following = { expiresAfterMs: followed.expiresAfterMs, told }
    const written = await saveAndCommit(client, saved, { kept, free, over, nowMs }, following)
    for (const claim of [...free, ...over]) claim.isTaken = true
    return { decided, saved, written }
  })
}

/** Begins the transaction: locks the orders, and reads what is needed to decide, in one round trip. */
async function lockAndRead(
  client: PoolClient,
  requests: readonly ChangeRequest<unknown>[],
  claims: readonly Claim[],
  followed: FollowedOrders,
) {
  const orderUids = requests.map(({ orderUid }) => orderUid).toSorted()
  const parts = followed.parts()
  // Nearly all orders are confirmed by outcomes, which have no keys.
  const asked = toldParts(claims.length === 0 ? parts : [], orderUids)
  const keys = claims.length === 0 ? [] : [readingKeys(claims)]
  const statements = [...beginChanges, ...lockingOrders(orderUids), readStamps(orderUids)] as const
  const [, , busy, orders, stamps, ...others] = await inOneRoundTrip(client, [
    ...statements,
    ...keys,
    ...asked.questions,
  ])
  const [states = noKeys] = others.filter(answer => typeof answer !== 'boolean')
  const told = claims.length === 0 ? asked.by(others) : parts
  return { ...lockedOf(busy, orders), stamps, states, told }
}

/** The claim that a request has still to make: some routes have theirs made before. */
function untakenOf({ claim }: ChangeRequest<unknown>): readonly Claim[] {
  return claim === undefined || claim.isTaken ? [] : [claim]
}

const noKeys: KeyStates = new Map()

function claimable(claims: readonly Claim[], states: KeyStates, kind: 'free' | 'over'): readonly Claim[] {
  return claims.filter(({ id }) => states.get(id)?.kind === kind)
}

/** Remembers payments whose outcome comes next, and their order when this transaction has left it as it was. */
function remember(remembered: RememberedPayments, saved: DecidedChanges, { rewritten }: Written): void {
  const { before, changes, decidedAtMs, stamp, after = applyChanges(before, changes, decidedAtMs) } = saved
  const { order } = before
  if (!after.operations.some(isOpen)) remembered.forget(order.orderUid)
  else remembered.keep(order.orderUid, stamp, after, rewritten.has(order.orderUid) ? undefined : order)
}

/** The keys of claims and answers of requests with an Idempotency-Key. */
const ofRequests = ['idempotency_claims_pkey', 'idempotency_answers_pkey']

function explain(error: unknown): never {
  if (!ofRequests.includes(violatedKey(error) ?? '')) throw error
  throw new AppError('IDEMPOTENCY_KEY_IN_USE', 'a request with this Idempotency-Key came first', { cause: error })
}
