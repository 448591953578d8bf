import type { SellableItems } from '../inventory/remembered-items.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Cart } from './cart.ts'
import { type RememberedCarts, stampOf } from './remembered-carts.ts'
import { lockingCarts, storedCarts, storedStamps } from './rows.ts'

export const noItems: SellableItems = { chrtIds: new Set(), items: [], reservable: new Map() }

/** Carts by id, without those that are not stored, and their items as far as these were known before. */
export type LoadedCarts = Readonly<{ carts: Map<string, Cart>; read: SellableItems }>

export type WantedCarts = Readonly<{
  cartIds: readonly string[]
  /** The carts whose items are wanted; all unless given. */
  priced?: ReadonlySet<string>
  /** Items that are wanted beside those of the carts. */
  chrtIds?: readonly number[]
}>

/** Reads carts: in one round trip those that are remembered or not, and in another one those that were changed elsewhere. */
export async function loadCarts(
  client: PoolClient,
  remembered: RememberedCarts,
  { cartIds, priced, chrtIds = [] }: WantedCarts,
  before: readonly Statement<unknown>[] = [],
): Promise<LoadedCarts> {
  const carts = remembered.of(cartIds)
  const known = [...carts.values()]
  const unknown = cartIds.filter(cartId => !carts.has(cartId))
  const lines = known.flatMap(cart => (priced?.has(cart.cartId) === false ? [] : cart.lines))
  const wanted = [...new Set([...chrtIds, ...lines.map(line => line.chrtId)])]
  const stale: string[] = []
  const items = remembered.items.reading(wanted)
  await inOneRoundTrip(client, [
    ...before,
    ...taking(storedStamps([...carts.keys()]), known.length, stamps => {
      for (const cart of known) {
        const stamp = stamps.get(cart.cartId)
        if (stamp === stampOf(cart)) continue
        carts.delete(cart.cartId)
        if (stamp !== undefined) stale.push(cart.cartId)
      }
    }),
    ...taking(storedCarts(unknown), unknown.length, found => addAll(carts, found)),
    ...items.first,
  ])
  await inOneRoundTrip(client, [
    ...taking(storedCarts(stale), stale.length, found => addAll(carts, found)),
    ...items.second(),
  ])
  return { carts, read: items.read() }
}

/** Carts of which some are locked by other transactions. */
export type LockedCarts = LoadedCarts &
  Readonly<{
    /** The ids of those that another transaction has; they are not among the carts. */
    busy: ReadonlySet<string>
  }>

/**
 * Locks carts until the transaction ends, and reads them.
 *
 * @param wanted the ids sorted, each once
 * @param begin what is sent before
 */
export async function loadLocked(
  client: PoolClient,
  remembered: RememberedCarts,
  wanted: WantedCarts,
  begin: readonly Statement<unknown>[],
): Promise<LockedCarts> {
  let busy: ReadonlySet<string> = new Set()
  const { cartIds } = wanted
  const locking = taking(lockingCarts(cartIds), cartIds.length, found => (busy = found))
  const { carts, read } = await loadCarts(client, remembered, wanted, [...begin, ...locking])
  for (const cartId of busy) carts.delete(cartId)
  return { carts, read, busy }
}

/** The statement with what is done with its result; none when it asks for nothing. */
function taking<Result>(statement: Statement<Result>, asked: number, take: (result: Result) => void) {
  return asked === 0
    ? []
    : [{ ...statement, read: (answer: Parameters<typeof statement.read>[0]) => take(statement.read(answer)) }]
}

function addAll(carts: Map<string, Cart>, found: ReadonlyMap<string, Cart>): void {
  for (const [cartId, cart] of found) carts.set(cartId, cart)
}
