import { AppError } from '../errors.ts'
import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import type { CartDemand } from '../inventory/cart-plan.ts'
import { copyInto } from '../platform/copy.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import { type PoolClient, withConnection } from '../platform/postgres.ts'
import { command, inOneRoundTrip } from '../platform/round-trip.ts'
import { type CartAdderOptions, createCartAdder, type NewCartRequest } from './add-carts.ts'
import type { Cart } from './cart.ts'
import { demandsOf } from './demand.ts'
import { type Facts, readStockFacts, type WantedFacts } from './facts.ts'
import { loadCarts, type LoadedCarts } from './load.ts'
import { updatingCarts } from './rows.ts'

/** The one way to change carts, checkout aside: requests that come at the same time are decided and saved by one transaction. */
export type CartWriter = Readonly<{
  /**
   * Locks carts, reads them with what their prices depend on, decides, and saves what was decided.
   *
   * @returns the decision's result, when it is durable
   * @throws what `decide` throws; AppError CHECKOUT_IN_PROGRESS when another transaction keeps a cart, OVERLOADED; the database's error
   */
  change<Result>(request: CartRequest<Result>): Promise<Result>
  /** Creates a cart. @returns its result, when it is durable @throws AppError OVERLOADED; the database's error */
  add<Result>(request: NewCartRequest<Result>): Promise<Result>
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
  events?: readonly NewEvent[]
}>

export type CartWriterOptions = CartAdderOptions &
  Readonly<{
    /** Reserves stock for carts whose lines have changed, in their transaction; undefined: carts reserve nothing. */
    reserve?: ((client: PoolClient, demands: readonly CartDemand[], nowMs: number) => Promise<void>) | undefined
  }>

/** The most requests that one transaction handles, how many transactions there are at a time, and how many requests wait. */
const limits = { groupMax: 128, writersMax: 2, waitingMax: 4_000 }

export function createCartWriter(options: CartWriterOptions): CartWriter {
  const adder = createCartAdder(options, limits)
  const writer = createGroupedWriter<CartRequest<unknown>, unknown>({
    what: 'changes of carts',
    keyOf: ({ cartIds }) => cartIds[0],
    writeGroup: requests => writeGroup(options, requests),
    ...limits,
    busyError: () => new AppError('CHECKOUT_IN_PROGRESS', 'another transaction has the cart'),
  })
  return {
    change: <Result>(request: CartRequest<Result>) => writer.write(request) as Promise<Result>,
    add: <Result>(request: NewCartRequest<Result>) => adder.write(request) as Promise<Result>,
    async close(deadlineMs) {
      await Promise.all([writer.close(deadlineMs), adder.close(deadlineMs)])
    },
  }
}

/** Every statement finds its rows by key: see `begin` of the payments' writer. */
const begin = [command('begin isolation level read committed'), command('set local enable_seqscan = off')]

type Decided = Readonly<{ outcome: Outcome<unknown>; decision?: CartDecision<unknown> }>

async function writeGroup(
  { pool, now, readFacts, remembered, reserve, onEvents }: CartWriterOptions,
  requests: readonly CartRequest<unknown>[],
): Promise<Outcome<unknown>[]> {
  const { decided, events, changes } = await withConnection(pool, async client => {
    const cartIds = [...new Set(requests.flatMap(({ cartIds }) => cartIds))].toSorted()
    const { priced, wanted } = wantedBy(requests)
    const { chrtIds = [] } = wanted
    const locking = await loadCarts(client, remembered, { cartIds, isLocking: true, priced, chrtIds }, begin)
    const pricing = [...priced].flatMap(id => locking.carts.get(id) ?? [])
    const facts = await readFacts(client, pricing, wanted, locking.read)
    const nowMs = now()
    let group = decideAll(requests, locking, facts, nowMs)
    const demands = reserve === undefined ? [] : demandsOf(locking.carts, group.carts)
    if (reserve !== undefined && demands.length > 0) {
      await reserve(client, demands, nowMs)
      // The same again, with warnings of what could not be reserved.
      const items = [...facts.items.keys()]
      const stock = await readStockFacts(client, [...group.carts.values()], items, true)
      group = decideAll(requests, locking, { ...facts, ...stock }, nowMs)
    }
    const changes = changesOf(locking.carts, group.carts)
    const events = await save(client, group.decided, changes)
    return { decided: group.decided, events, changes }
  })
  remembered.keep(changes.map(({ after }) => after))
  if (events > 0) onEvents()
  return decided.map(({ outcome }) => outcome)
}

function changesOf(before: ReadonlyMap<string, Cart>, after: ReadonlyMap<string, Cart>): Changed[] {
  return [...after].flatMap(([cartId, cart]) => {
    const was = before.get(cartId)
    return was === undefined || was === cart ? [] : [{ before: was, after: cart }]
  })
}

type Changed = Readonly<{ before: Cart; after: Cart }>

/** @returns the decisions, and the carts as they are then */
function decideAll(
  requests: readonly CartRequest<unknown>[],
  { carts: locked, busy }: LoadedCarts,
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
function wantedBy(requests: readonly CartRequest<unknown>[]): { priced: Set<string>; wanted: WantedFacts } {
  const pricing = requests.filter(({ wants }) => wants !== 'nothing')
  const wanted = pricing.map(({ wants = {} }): WantedFacts => (wants === 'nothing' ? {} : wants))
  return {
    priced: new Set(pricing.flatMap(({ cartIds }) => cartIds)),
    wanted: {
      chrtIds: wanted.flatMap(({ chrtIds = [] }) => chrtIds),
      codes: wanted.flatMap(({ codes = [] }) => codes),
      buyers: wanted.flatMap(({ buyers = [] }) => buyers),
    },
  }
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

/** Saves what was decided, and commits: in one round trip, unless there are events. @returns how many of these */
async function save(client: PoolClient, decided: readonly Decided[], changes: readonly Changed[]): Promise<number> {
  const events = decided.flatMap(({ decision }) => decision?.events ?? [])
  const updates = updatingCarts(changes)
  if (events.length === 0) {
    await inOneRoundTrip(client, [...updates, command('commit')])
    return 0
  }
  await inOneRoundTrip(client, updates)
  await copyInto(client, [copyOfEvents(events)], `${notifyOfEvents};\ncommit`)
  return events.length
}
