import { AppError } from '../errors.ts'
import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import type { CartDemand } from '../inventory/cart-plan.ts'
import { copyInto } from '../platform/copy.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { command } from '../platform/round-trip.ts'
import type { Cart } from './cart.ts'
import { demandsOf } from './demand.ts'
import { type Facts, type FactsReader, readStockFacts, type WantedFacts } from './facts.ts'
import { cartsTable, lockCarts, type LockedCarts, updateCarts } from './rows.ts'

/** The one way to change carts, checkout aside: requests that come at the same time are decided and saved by one transaction. */
export type CartWriter = Readonly<{
  /**
   * Locks carts, reads them with what their prices depend on, decides, and saves what was decided.
   *
   * @returns the decision's result, when it is durable
   * @throws what `decide` throws; AppError CHECKOUT_IN_PROGRESS when another transaction keeps a cart, OVERLOADED; the database's error
   */
  change<Result>(request: CartRequest<Result>): Promise<Result>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

export type CartRequest<Result> = Readonly<{
  /** The cart, and those that are changed with it. */
  cartIds: readonly [string, ...string[]]
  /** What the decision needs beside what the carts have; `nothing`: it does not ask for facts at all. */
  wants?: WantedFacts | 'nothing'
  /**
   * Decides by the carts, in the order of the ids; undefined for one that is not stored. Called again when the transaction is repeated, so
   * it must be pure.
   */
  decide(carts: readonly (Cart | undefined)[], facts: Facts, nowMs: number): CartDecision<Result>
}>

export type CartDecision<Result> = Readonly<{
  result: Result
  /** Carts as they are then. */
  changed?: readonly Cart[]
  /** New carts. */
  added?: readonly Cart[]
  events?: readonly NewEvent[]
  /** The answer to the request that caused it, which is stored with it. */
  keep?: KeptAnswer | undefined
}>

type Options = Readonly<{
  pool: Pool
  now: () => number
  readFacts: FactsReader
  /** Reserves stock for carts whose lines have changed, in their transaction; undefined: carts reserve nothing. */
  reserve?: ((client: PoolClient, demands: readonly CartDemand[], nowMs: number) => Promise<void>) | undefined
  /** Called after a commit that has written events. */
  onEvents: () => void
}>

/** The most requests that one transaction handles, how many transactions there are at a time, and how many requests wait. */
const groupMax = 128
const writersMax = 2
const waitingMax = 4_000

export function createCartWriter(options: Options): CartWriter {
  const writer = createGroupedWriter<CartRequest<unknown>, unknown>({
    what: 'changes of carts',
    keyOf: ({ cartIds }) => cartIds[0],
    writeGroup: requests => writeGroup(options, requests),
    groupMax,
    writersMax,
    waitingMax,
    busyError: () => new AppError('CHECKOUT_IN_PROGRESS', 'another transaction has the cart'),
  })
  return {
    change: <Result>(request: CartRequest<Result>) => writer.write(request) as Promise<Result>,
    close: deadlineMs => writer.close(deadlineMs),
  }
}

/** Every statement finds its rows by key: see `begin` of the payments' writer. */
const begin = [command('begin isolation level read committed'), command('set local enable_seqscan = off')]

type Decided = Readonly<{ outcome: Outcome<unknown>; decision?: CartDecision<unknown> }>

async function writeGroup(
  { pool, now, readFacts, reserve, onEvents }: Options,
  requests: readonly CartRequest<unknown>[],
): Promise<Outcome<unknown>[]> {
  const { decided, events } = await withConnection(pool, async client => {
    const cartIds = [...new Set(requests.flatMap(({ cartIds }) => cartIds))].toSorted()
    const locking = await lockCarts(client, cartIds, begin)
    const facts = await readFacts(client, ...wantedBy(requests, locking.locked))
    const nowMs = now()
    let group = decideAll(requests, locking, facts, nowMs)
    const demands = reserve === undefined ? [] : demandsOf(locking.locked, group.carts)
    if (reserve !== undefined && demands.length > 0) {
      await reserve(client, demands, nowMs)
      // The same again, with warnings of what could not be reserved.
      const items = [...facts.items.keys()]
      const stock = await readStockFacts(client, [...group.carts.values()], items, true)
      group = decideAll(requests, locking, { ...facts, ...stock }, nowMs)
    }
    const events = await save(client, group.decided, group.carts)
    return { decided: group.decided, events }
  })
  if (events > 0) onEvents()
  return decided.map(({ outcome }) => outcome)
}

/** @returns the decisions, and the carts as they are then */
function decideAll(
  requests: readonly CartRequest<unknown>[],
  { locked, busy }: LockedCarts,
  facts: Facts,
  nowMs: number,
): { decided: Decided[]; carts: Map<string, Cart> } {
  const carts = new Map(locked)
  const decided = requests.map((request): Decided => {
    if (request.cartIds.some(id => busy.has(id))) return { outcome: { kind: 'busy' } }
    return decide(request, carts, facts, nowMs)
  })
  return { decided, carts }
}

/** The carts of a group that are priced, and what its requests want to know beside. */
function wantedBy(
  requests: readonly CartRequest<unknown>[],
  carts: ReadonlyMap<string, Cart>,
): [carts: Cart[], wanted: WantedFacts] {
  const pricing = requests.filter(({ wants }) => wants !== 'nothing')
  const wanted = pricing.map(({ wants = {} }): WantedFacts => (wants === 'nothing' ? {} : wants))
  const priced = new Set(pricing.flatMap(({ cartIds }) => cartIds))
  return [
    [...priced].flatMap(id => carts.get(id) ?? []),
    {
      chrtIds: wanted.flatMap(({ chrtIds = [] }) => chrtIds),
      codes: wanted.flatMap(({ codes = [] }) => codes),
      buyers: wanted.flatMap(({ buyers = [] }) => buyers),
    },
  ]
}

/**
 * Decides by the carts as the decisions before it have left them: a merge may name a cart that another request of the group changes. What
 * `decide` throws is the outcome of its own request only.
 */
function decide(request: CartRequest<unknown>, carts: Map<string, Cart>, facts: Facts, nowMs: number): Decided {
  try {
    const decision = request.decide(
      request.cartIds.map(id => carts.get(id)),
      facts,
      nowMs,
    )
    for (const cart of decision.changed ?? []) carts.set(cart.cartId, cart)
    return { outcome: { kind: 'done', result: decision.result }, decision }
  } catch (error) {
    return { outcome: { kind: 'failed', error } }
  }
}

/** Saves what was decided, and commits. @returns how many events there are */
async function save(
  client: PoolClient,
  decided: readonly Decided[],
  carts: ReadonlyMap<string, Cart>,
): Promise<number> {
  const decisions = decided.flatMap(({ decision }) => decision ?? [])
  const changedIds = new Set(decisions.flatMap(({ changed = [] }) => changed.map(({ cartId }) => cartId)))
  await updateCarts(
    client,
    [...changedIds].flatMap(id => carts.get(id) ?? []),
  )
  const added = decisions.flatMap(({ added = [] }) => added)
  const events = decisions.flatMap(({ events = [] }) => events)
  const kept = decisions.flatMap(({ keep }) => keep ?? [])
  const copies = [cartsTable.copyOf(added), copyOfEvents(events), copyOfAnswers(kept)].filter(({ items }) => items > 0)
  const end = events.length > 0 ? `${notifyOfEvents};\ncommit` : 'commit'
  if (copies.length > 0) await copyInto(client, copies, end)
  else await client.query('commit')
  return events.length
}
