import type { SellableItems } from '../inventory/remembered-items.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { inOneRoundTrip, type Statement } from '../platform/round-trip.ts'
import type { Cart } from './cart.ts'
import { type RememberedCarts, stampOf } from './remembered-carts.ts'
import { lockingCarts, storedCarts } from './rows.ts'

export const noItems: SellableItems = { chrtIds: new Set(), items: [], reservable: new Map() }

export type LoadedCarts = Readonly<{
  /** By id, without those that are not stored or are busy. */
  carts: Map<string, Cart>
  /** The ids of those that another transaction has, where they were to be locked. */
  busy: ReadonlySet<string>
  /** Their items, as far as these were known before. */
  read: SellableItems
}>

export type WantedCarts = Readonly<{
  /** Sorted, each once. */
  cartIds: readonly string[]
  /** Whether they are to be locked until the transaction ends; what is sent before then begins it. */
  isLocking?: boolean
  /** The carts whose items are wanted; all unless given. */
  priced?: ReadonlySet<string>
  /** Items that are wanted beside those of the carts. */
  chrtIds?: readonly number[]
}>

/** Reads carts: in one round trip those that are remembered or not, and in another one those that were changed elsewhere. */
export async function loadCarts(
  client: PoolClient,
  remembered: RememberedCarts,
  { cartIds, isLocking = false, priced, chrtIds = [] }: WantedCarts,
  before: readonly Statement<unknown>[] = [],
): Promise<LoadedCarts> {
  const carts = remembered.of(cartIds)
  const known = [...carts.values()]
  const unknown = cartIds.filter(cartId => !carts.has(cartId))
  const lines = known.flatMap(cart => (priced?.has(cart.cartId) === false ? [] : cart.lines))
  const items = remembered.items.reading([...new Set([...chrtIds, ...lines.map(line => line.chrtId)])])
  const stale: string[] = []
  const locked = isLocking ? cartIds : []
  let busy: ReadonlySet<string> = new Set()
  await inOneRoundTrip(client, [
    ...before,
    ...taking(lockingCarts(locked, [...carts.keys()]), locked.length + known.length, now => {
      busy = now.busy
      for (const cart of known) {
        const stamp = now.stamps.get(cart.cartId)
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
  for (const cartId of busy) carts.delete(cartId)
  return { carts, busy, read: items.read() }
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
