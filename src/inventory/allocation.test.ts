import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Allocation, allocate, allocatePlenty, type Demand, type Shelf, type Take } from './allocation.ts'

function shelf(chrtId: number, location: string, available: number, more: Partial<Shelf> = {}): Shelf {
  return { chrtId, location, priority: 0, countries: [], available, backorder: 0, ...more }
}

function wants(units: Record<number, number>, country?: string): Demand {
  return { units: new Map(Object.entries(units).map(([chrtId, wanted]) => [Number(chrtId), wanted])), country }
}

/** `1: 3 from a` */
function textOf(allocation: Allocation): string {
  if (allocation.kind === 'short')
    return `short ${allocation.missing.map(({ chrtId, wanted, left }) => `${chrtId}: ${wanted} of ${left}`).join(', ')}`
  return allocation.takes.map(({ chrtId, location, quantity }) => `${chrtId}: ${quantity} from ${location}`).join(', ')
}

const texts = (orders: readonly Demand[], shelves: readonly Shelf[]) => allocate(orders, shelves).map(textOf)

describe('stock is allocated', () => {
  test('first come, first served, and all or nothing', () => {
    expect(texts([wants({ 1: 3 }), wants({ 1: 3 }), wants({ 1: 2 })], [shelf(1, 'a', 5)])).toEqual([
      '1: 3 from a',
      'short 1: 3 of 2',
      '1: 2 from a',
    ])
  })

  test('from one location that has all, in order of priority and name', () => {
    const shelves = [
      shelf(1, 'b', 9),
      shelf(2, 'b', 9),
      shelf(1, 'a', 9),
      shelf(2, 'a', 1),
      shelf(1, 'z', 9, { priority: -1 }),
    ]
    expect(texts([wants({ 1: 1, 2: 2 }), wants({ 1: 1 }), wants({ 1: 1, 2: 1 })], shelves)).toEqual([
      '1: 1 from b, 2: 2 from b',
      '1: 1 from z',
      '1: 1 from a, 2: 1 from a',
    ])
  })

  test('from several locations when none has all', () => {
    const shelves = [shelf(1, 'a', 60), shelf(1, 'b', 40)]
    expect(texts([wants({ 1: 100 })], shelves)).toEqual(['1: 60 from a, 1: 40 from b'])
    expect(texts([wants({ 1: 101 }), wants({ 1: 50 })], shelves)).toEqual(['short 1: 101 of 100', '1: 50 from a'])
  })

  test('only from locations that deliver to the country', () => {
    const shelves = [shelf(1, 'a', 2, { countries: ['DE', 'AT'] }), shelf(1, 'b', 1, { priority: 1 })]
    expect(
      texts([wants({ 1: 2 }, 'FR'), wants({ 1: 1 }, 'FR'), wants({ 1: 1 }, 'AT'), wants({ 1: 1 })], shelves),
    ).toEqual(['short 1: 2 of 1', '1: 1 from b', '1: 1 from a', '1: 1 from a'])
  })

  test('on hand before back-orders, which are bounded', () => {
    const shelves = [shelf(1, 'a', 1, { backorder: 2 }), shelf(1, 'b', 1, { priority: 1 })]
    expect(texts([wants({ 1: 2 }), wants({ 1: 2 }), wants({ 1: 1 })], shelves)).toEqual([
      '1: 1 from a, 1: 1 from b',
      '1: 2 from a',
      'short 1: 1 of 0',
    ])
    expect(texts([wants({ 1: 1 })], [shelf(1, 'a', -2, { backorder: 2 })])).toEqual(['short 1: 1 of 0'])
  })

  test('and nothing of items that are not tracked', () => {
    expect(texts([wants({ 7: 9 }), wants({ 7: 9, 1: 1 })], [shelf(1, 'a', 1)])).toEqual(['', '1: 1 from a'])
  })
})

describe('for any orders and stock', () => {
  const countries = fc.subarray(['DE', 'FR'])
  const shelves = fc.uniqueArray(
    fc.record({
      chrtId: fc.integer({ min: 1, max: 3 }),
      location: fc.constantFrom('a', 'b', 'c'),
      available: fc.integer({ min: -2, max: 6 }),
      backorder: fc.integer({ min: 0, max: 2 }),
    }),
    { selector: ({ chrtId, location }) => `${chrtId} ${location}`, maxLength: 9 },
  )
  const priorities = fc.record({ a: fc.nat(2), b: fc.nat(2), c: fc.nat(2) })
  const served = fc.record({ a: countries, b: countries, c: countries })
  const demands = fc.array(
    fc.record({
      units: fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5 })), {
        selector: ([chrtId]) => chrtId,
        minLength: 1,
        maxLength: 3,
      }),
      country: fc.constantFrom('DE', 'FR', undefined),
    }),
    { maxLength: 12 },
  )

  test('it is what a shopkeeper with a list would do, who never gives away more than there is', () => {
    fc.assert(
      fc.property(shelves, priorities, served, demands, (rows, priority, serving, wanted) => {
        const stock = rows.map(row => ({ ...row, priority: priority[row.location], countries: serving[row.location] }))
        const orders = wanted.map(({ units, country }) => ({ units: new Map(units), country }))
        expect(allocate(orders, stock)).toEqual(new Shopkeeper(stock).serve(orders))
      }),
      { numRuns: 1_000 },
    )
  })
})

/** The naive model: it hands out one unit after another, and looks at every shelf each time. */
class Shopkeeper {
  readonly #stock: Shelf[]

  constructor(stock: readonly Shelf[]) {
    this.#stock = stock.toSorted((a, b) => a.priority - b.priority || a.location.localeCompare(b.location))
  }

  serve(orders: readonly Demand[]): Allocation[] {
    return orders.map(order => this.#serveOne(order))
  }

  #serveOne({ units, country }: Demand): Allocation {
    const mine = (one: Shelf) => country === undefined || one.countries.length === 0 || one.countries.includes(country)
    const tracked = [...units].filter(([chrtId]) => this.#stock.some(one => one.chrtId === chrtId))
    const missing = tracked.flatMap(([chrtId, wanted]) => {
      const eligible = this.#stock.filter(one => one.chrtId === chrtId && mine(one))
      const left = eligible.reduce((sum, one) => sum + Math.max(one.available + one.backorder, 0), 0)
      return left < wanted ? [{ chrtId, wanted, left }] : []
    })
    if (missing.length > 0) return { kind: 'short', missing }
    const home = [...new Set(this.#stock.map(one => one.location))].find(location =>
      tracked.every(([chrtId, wanted]) =>
        this.#stock.some(
          one => one.chrtId === chrtId && one.location === location && mine(one) && one.available >= wanted,
        ),
      ),
    )
    const takes = new Map<string, { chrtId: number; location: string; quantity: number }>()
    for (const [chrtId, wanted] of tracked) {
      for (let unit = 0; unit < wanted; unit += 1) {
        const eligible = this.#stock.filter(
          one => one.chrtId === chrtId && mine(one) && (home === undefined || one.location === home),
        )
        const from = eligible.find(one => one.available > 0) ?? eligible.find(one => one.available + one.backorder > 0)
        if (from === undefined) throw new Error('the sum was enough')
        this.#stock[this.#stock.indexOf(from)] = { ...from, available: from.available - 1 }
        const key = `${chrtId} ${from.location}`
        const before = takes.get(key)?.quantity ?? 0
        takes.set(key, { chrtId, location: from.location, quantity: before + 1 })
      }
    }
    return { kind: 'taken', takes: tracked.length === 0 ? [] : sortTakes([...takes.values()], this.#stock) }
  }
}

/** Takes of an item in the order of its locations. */
function sortTakes(takes: { chrtId: number; location: string; quantity: number }[], stock: readonly Shelf[]) {
  const items = [...new Set(takes.map(({ chrtId }) => chrtId))]
  const place = ({ chrtId, location }: { chrtId: number; location: string }) =>
    stock.findIndex(one => one.chrtId === chrtId && one.location === location)
  return takes.toSorted((a, b) => items.indexOf(a.chrtId) - items.indexOf(b.chrtId) || place(a) - place(b))
}

const units = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 5 })
const plentyShelves = fc.uniqueArray(
  fc.record({
    ...{
      chrtId: fc.integer({ min: 1, max: 4 }),
      location: fc.constantFrom('a', 'b'),
      available: fc.integer({ min: -1, max: 6 }),
    },
    ...{ countries: fc.constantFrom([], [], ['DE']), backorder: fc.integer({ min: 0, max: 2 }) },
  }),
  { selector: ({ chrtId, location }) => `${chrtId} ${location}`, maxLength: 5 },
)

test('where each item lies at one location and there is plenty, the short way gives the same', () => {
  let given = 0
  fc.assert(
    fc.property(fc.array(units, { maxLength: 4 }), plentyShelves, (orders, some) => {
      const shelves = some.map(({ chrtId, location, available, ...more }) => shelf(chrtId, location, available, more))
      const plenty = allocatePlenty(
        orders.map(lines => lines.map(chrtId => ({ chrtId }))),
        shelves,
      )
      const isSimple =
        new Set(shelves.map(({ chrtId }) => chrtId)).size === shelves.length &&
        shelves.every(({ countries }) => countries.length === 0)
      const wanted = (chrtId: number) => orders.flat().filter(unit => unit === chrtId).length
      const isPlenty = shelves.every(({ chrtId, available }) => wanted(chrtId) <= Math.max(available, 0))
      expect(plenty !== undefined).toBe(isSimple && isPlenty)
      if (plenty === undefined) return
      given += 1
      const demands = orders.map(lines =>
        wants(Object.fromEntries([...Map.groupBy(lines, unit => unit)].map(([unit, of]) => [unit, of.length]))),
      )
      const sorted = (takes: readonly Take[]) => takes.toSorted((a, b) => a.chrtId - b.chrtId)
      expect(plenty.map(takes => ({ kind: 'taken' as const, takes: sorted(takes) }))).toEqual(
        allocate(demands, shelves).map(share =>
          share.kind === 'taken' ? { kind: 'taken', takes: sorted(share.takes) } : (share as never),
        ),
      )
    }),
  )
  expect(given).toBeGreaterThan(0)
})
