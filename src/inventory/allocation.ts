/**
 * Shares stock out among orders. Pure.
 *
 * An order gets all that it wants or nothing. Orders are served in the order in which they are given: one that cannot be served takes
 * nothing, and those behind it may still be.
 */

/** What there is of an item at a location. */
export type Shelf = Readonly<{
  chrtId: number
  location: string
  /** Locations are used in ascending order of it, and those with the same in the order of their names. */
  priority: number
  /** The countries that the location delivers to, ISO 3166-1 alpha-2; none: all. */
  countries: readonly string[]
  /** What is on hand and free. With back-orders it may be negative. */
  available: number
  /** How many more may be promised than are available. */
  backorder: number
}>

/** What an order wants. */
export type Demand = Readonly<{
  /** Units by item. */
  units: ReadonlyMap<number, number>
  /** Where it goes, ISO 3166-1 alpha-2; undefined: not known, every location may serve it. */
  country: string | undefined
}>

/** Units of an item that an order takes at a location. */
export type Take = Readonly<{ chrtId: number; location: string; quantity: number }>

/** An item of which an order wants more than it can get. */
export type Missing = Readonly<{ chrtId: number; wanted: number; left: number }>

export type Allocation =
  | { readonly kind: 'taken'; readonly takes: readonly Take[] }
  | { readonly kind: 'short'; readonly missing: readonly Missing[] }

type OpenShelf = { readonly shelf: Shelf; available: number }
type OpenItem = { readonly chrtId: number; readonly wanted: number; readonly shelves: readonly OpenShelf[] }

/**
 * Allocates stock to orders, first come first served.
 *
 * One location that has all of the order's units on hand serves it, the first in order of priority. Otherwise each item is taken from
 * the locations in that order: first what is on hand, then what may be back-ordered. Items without a shelf are not tracked and take
 * nothing.
 *
 * @returns for each order, in their order
 */
export function allocate(orders: readonly Demand[], shelves: readonly Shelf[]): Allocation[] {
  const byItem = shelvesByItem(shelves)
  return orders.map(order => {
    const items = openItems(order, byItem)
    const takes = fromOneLocation(items) ?? split(items)
    if (takes === undefined) return { kind: 'short', missing: items.flatMap(item => missingOf(item) ?? []) }
    for (const { open, take } of takes) open.available -= take.quantity
    return takes.length === 0 ? nothing : { kind: 'taken', takes: takes.map(({ take }) => take) }
  })
}

/**
 * Tells which orders cannot be served even if they came first.
 *
 * @returns for each order, in their order, the items that it is short of; undefined where there are enough
 */
export function findShort(orders: readonly Demand[], shelves: readonly Shelf[]): (readonly Missing[] | undefined)[] {
  const byItem = shelvesByItem(shelves)
  return orders.map(order => {
    const missing = openItems(order, byItem).flatMap(item => missingOf(item) ?? [])
    return missing.length === 0 ? undefined : missing
  })
}

/**
 * What orders get where each of their items lies at one location, which delivers everywhere and has enough on hand for all of them: the
 * same as `allocate` gives them, at a quarter of its time.
 *
 * @param orders the lines of each, a unit a line
 * @returns for each order, in their order; undefined in any other case
 */
export function allocatePlenty(
  orders: readonly (readonly { readonly chrtId: number }[])[],
  shelves: readonly Shelf[],
): Take[][] | undefined {
  const places = new Map<number, number>()
  for (const [place, { chrtId, countries }] of shelves.entries()) {
    if (places.has(chrtId) || countries.length > 0) return undefined
    places.set(chrtId, place)
  }
  const left = Float64Array.from(shelves, ({ available }) => available)
  const all: Take[][] = []
  for (const lines of orders) {
    const takes: { chrtId: number; location: string; quantity: number }[] = []
    for (const { chrtId } of lines) {
      const place = places.get(chrtId)
      if (place === undefined) continue
      const available = left[place] ?? 0
      if (available < 1) return undefined
      left[place] = available - 1
      const taken = takes.find(take => take.chrtId === chrtId)
      if (taken === undefined) takes.push({ chrtId, location: shelves[place]?.location ?? '', quantity: 1 })
      else taken.quantity += 1
    }
    all.push(takes)
  }
  return all
}

const nothing: Allocation = { kind: 'taken', takes: [] }

function shelvesByItem(shelves: readonly Shelf[]): Map<number, OpenShelf[]> {
  const byItem = new Map<number, OpenShelf[]>()
  for (const shelf of shelves) {
    const open = { shelf, available: shelf.available }
    const item = byItem.get(shelf.chrtId)
    if (item === undefined) byItem.set(shelf.chrtId, [open])
    else item.push(open)
  }
  for (const item of byItem.values()) if (item.length > 1) item.sort((a, b) => compareLocations(a.shelf, b.shelf))
  return byItem
}

function compareLocations(a: Shelf, b: Shelf): number {
  if (a.priority !== b.priority) return a.priority - b.priority
  return a.location < b.location ? -1 : a.location > b.location ? 1 : 0
}

/** The tracked items of an order, with the shelves that may serve it. */
function openItems({ units, country }: Demand, byItem: ReadonlyMap<number, OpenShelf[]>): OpenItem[] {
  const items: OpenItem[] = []
  for (const [chrtId, wanted] of units) {
    const all = byItem.get(chrtId)
    if (all === undefined) continue
    items.push({
      chrtId,
      wanted,
      shelves: all.every(open => serves(open, country)) ? all : all.filter(open => serves(open, country)),
    })
  }
  return items
}

function serves({ shelf }: OpenShelf, country: string | undefined): boolean {
  return country === undefined || shelf.countries.length === 0 || shelf.countries.includes(country)
}

type OpenTake = { readonly open: OpenShelf; readonly take: Take }

function fromOneLocation(items: readonly OpenItem[]): OpenTake[] | undefined {
  const [first, ...others] = items
  if (first === undefined) return []
  for (const open of first.shelves) {
    if (open.available < first.wanted) continue
    const takes = [takeOf(first, open, first.wanted)]
    for (const item of others) {
      const beside = item.shelves.find(other => other.shelf.location === open.shelf.location)
      if (beside !== undefined && beside.available >= item.wanted) takes.push(takeOf(item, beside, item.wanted))
    }
    if (takes.length === items.length) return takes
  }
  return undefined
}

function split(items: readonly OpenItem[]): OpenTake[] | undefined {
  const takes: OpenTake[] = []
  for (const item of items) {
    const quantities = splitItem(item)
    if (quantities === undefined) return undefined
    for (const [index, quantity] of quantities.entries()) {
      if (quantity > 0) takes.push(takeOf(item, item.shelves[index] as OpenShelf, quantity))
    }
  }
  return takes
}

/** How many units each shelf of an item gives: what is on hand before what may be back-ordered. */
function splitItem({ wanted, shelves }: OpenItem): number[] | undefined {
  let rest = wanted
  const quantities = shelves.map(({ available }) => {
    const quantity = Math.min(rest, Math.max(available, 0))
    rest -= quantity
    return quantity
  })
  for (const [index, { available, shelf }] of shelves.entries()) {
    const taken = quantities[index] ?? 0
    const more = Math.min(rest, Math.max(available + shelf.backorder - taken, 0))
    quantities[index] = taken + more
    rest -= more
  }
  return rest === 0 ? quantities : undefined
}

function missingOf({ chrtId, wanted, shelves }: OpenItem): Missing | undefined {
  const left = shelves.reduce((sum, { available, shelf }) => sum + Math.max(available + shelf.backorder, 0), 0)
  return left < wanted ? { chrtId, wanted, left } : undefined
}

function takeOf({ chrtId }: OpenItem, open: OpenShelf, quantity: number): OpenTake {
  return { open, take: { chrtId, location: open.shelf.location, quantity } }
}
