import { allocate, type Shelf, type Take } from './allocation.ts'
import { stockKey } from './stock.ts'

/** What carts reserve when their lines change. Pure. */

/** What a cart wants from now on. */
export type CartDemand = Readonly<{
  cartId: string
  /** The order that its checkout will place: its reservations are stored under this uid. */
  orderUid: string
  /** Units by item; none: it gives everything back. */
  units: ReadonlyMap<number, number>
  /** Where it goes, ISO 3166-1 alpha-2; undefined: not known, every location may serve it. */
  country: string | undefined
}>

export type CartMove = Readonly<{
  demand: CartDemand
  /** What it keeps, gives back and takes. */
  kept: readonly Take[]
  given: readonly Take[]
  taken: readonly Take[]
}>

/**
 * Shares stock out among carts. Like an order, a cart is served by one location if it can be. An item that there is too little for is left
 * out: the others are reserved all the same. Carts that want nothing come first, so that a merge hands its stock on; no cart gets what
 * another one holds.
 *
 * @param held what each cart holds, by the uid of its order
 * @param shelves those of every item that is wanted or held
 */
export function planCarts(
  demands: readonly CartDemand[],
  held: ReadonlyMap<string, readonly Take[]>,
  shelves: readonly Shelf[],
): CartMove[] {
  const available = new Map(shelves.map(shelf => [stockKey(shelf), shelf.available]))
  const add = (takes: readonly Take[], sign: 1 | -1) => {
    for (const take of takes) {
      const key = stockKey(take)
      available.set(key, (available.get(key) ?? 0) + sign * take.quantity)
    }
  }
  const givingFirst = demands.toSorted((a, b) => Math.min(a.units.size, 1) - Math.min(b.units.size, 1))
  return givingFirst.map(demand => {
    const own = held.get(demand.orderUid) ?? []
    add(own, 1)
    const wanted = shelves
      .filter(({ chrtId }) => demand.units.has(chrtId))
      .map(shelf => ({ ...shelf, available: available.get(stockKey(shelf)) ?? 0 }))
    const takes = takesOf(demand, wanted)
    add(takes, -1)
    const [before, after] = [new Set(own.map(keyOf)), new Set(takes.map(keyOf))]
    return {
      demand,
      kept: takes.filter(take => before.has(keyOf(take))),
      given: own.filter(take => !after.has(keyOf(take))),
      taken: takes.filter(take => !before.has(keyOf(take))),
    }
  })
}

const keyOf = (take: Take) => `${stockKey(take)} ${take.quantity}`

function takesOf(demand: CartDemand, shelves: readonly Shelf[]): readonly Take[] {
  const [all] = allocate([demand], shelves)
  if (all === undefined || all.kind === 'taken') return all?.takes ?? []
  const short = new Set(all.missing.map(({ chrtId }) => chrtId))
  const units = new Map([...demand.units].filter(([chrtId]) => !short.has(chrtId)))
  const [rest] = allocate([{ ...demand, units }], shelves)
  return rest?.kind === 'taken' ? rest.takes : []
}
