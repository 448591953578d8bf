import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import fc from 'fast-check'
import { brokenRules } from '../../test/invariants.ts'
import { createPaymentApp } from '../../test/payments.ts'
import { allocateAll, moveStock, orderOf, stockOf } from '../../test/stock.ts'
import { expireReservations } from './reservation-expiry.ts'

/** Orders and stock behave like a model that holds all of it in memory, whatever comes in whatever order. */

setDefaultTimeout(60_000)

let t: Awaited<ReturnType<typeof createPaymentApp>>
let shiftMs = 0
const now = () => Date.now() + shiftMs

beforeAll(async () => {
  t = await createPaymentApp({ now })
})

afterAll(() => t.close())

const heldMs = 60 * 60_000

type ModelOrder = {
  uid: string
  units: readonly [item: number, wanted: number][]
  status: string
  reservation: 'none' | 'held' | 'committed' | 'expired' | 'over'
  /** Its place in the queue; undefined: it does not wait. */
  waitsSince: number | undefined
  isTold: boolean
  holdsOrder: boolean
}

const itemCount = 3
const units = fc.uniqueArray(fc.tuple(fc.nat(itemCount - 1), fc.integer({ min: 1, max: 3 })), {
  selector: ([item]) => item,
  minLength: 1,
})
const steps = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('place' as const), units, isPaid: fc.boolean() }) },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constantFrom('confirm' as const, 'cancel' as const, 'complete' as const, 'hold' as const),
        order: fc.nat(20),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('receive' as const),
        item: fc.nat(itemCount - 1),
        units: fc.integer({ min: 1, max: 4 }),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('allocate' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('expire' as const) }) },
  ),
  { minLength: 5, maxLength: 25 },
)
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never

class Model {
  readonly stock = Array.from({ length: itemCount }, () => ({ onHand: 0, reserved: 0 }))
  readonly orders: ModelOrder[] = []
  #clock = 0

  place(uid: string, wanted: ModelOrder['units'], isPaid: boolean): boolean {
    const order: ModelOrder = {
      ...{ uid, units: wanted, status: isPaid ? 'confirmed' : 'pending', reservation: 'none' },
      ...{ waitsSince: undefined, isTold: false, holdsOrder: false },
    }
    if (this.#fits(order)) this.#take(order, isPaid ? 'committed' : 'held')
    else if (!isPaid) return false
    else Object.assign(order, { status: 'on_hold', waitsSince: this.#next(), isTold: true, holdsOrder: true })
    this.orders.push(order)
    return true
  }

  /** @returns whether the command is possible */
  command(order: ModelOrder, name: 'confirm' | 'cancel' | 'complete' | 'hold'): boolean {
    const { status } = order
    const to = { confirm: 'confirmed', cancel: 'cancelled', complete: 'completed', hold: 'on_hold' }[name]
    if (status === to) return true
    const from = {
      confirm: 'pending on_hold',
      cancel: 'pending confirmed on_hold',
      complete: 'confirmed',
      hold: 'confirmed',
    }
    if (!from[name].split(' ').includes(status)) return false
    order.status = to
    if (name === 'confirm' && status === 'pending') {
      if (order.reservation === 'held') order.reservation = 'committed'
      if (order.reservation === 'expired') Object.assign(order, { waitsSince: this.#next(), isTold: false })
    }
    if (name === 'confirm') order.holdsOrder = false
    if (name === 'cancel' || name === 'complete') this.#end(order, name === 'complete')
    return true
  }

  allocate(): void {
    const waiting = this.orders.filter(({ waitsSince }) => waitsSince !== undefined)
    for (const order of waiting.toSorted((a, b) => (a.waitsSince ?? 0) - (b.waitsSince ?? 0))) {
      if (this.#fits(order)) {
        this.#take(order, 'committed')
        if (order.holdsOrder) order.status = 'confirmed'
        Object.assign(order, { waitsSince: undefined, holdsOrder: false })
      } else if (!order.isTold) {
        order.isTold = true
        order.holdsOrder = order.status === 'confirmed'
        order.status = 'on_hold'
      }
    }
  }

  expire(): void {
    for (const order of this.orders.filter(({ reservation }) => reservation === 'held')) {
      this.#add(order, 'reserved', -1)
      order.reservation = 'expired'
    }
  }

  #next(): number {
    this.#clock += 1
    return this.#clock
  }

  #fits(order: ModelOrder): boolean {
    return order.units.every(([item, wanted]) => {
      const { onHand = 0, reserved = 0 } = this.stock[item] ?? {}
      return onHand - reserved >= wanted
    })
  }

  #take(order: ModelOrder, reservation: 'held' | 'committed'): void {
    this.#add(order, 'reserved', 1)
    order.reservation = reservation
  }

  #end(order: ModelOrder, isShipped: boolean): void {
    if (order.reservation === 'held' || order.reservation === 'committed') {
      this.#add(order, 'reserved', -1)
      if (isShipped) this.#add(order, 'onHand', -1)
    }
    Object.assign(order, { reservation: 'over', waitsSince: undefined, holdsOrder: false })
  }

  #add(order: ModelOrder, number: 'onHand' | 'reserved', sign: 1 | -1): void {
    for (const [item, wanted] of order.units) {
      const stock = this.stock[item]
      if (stock !== undefined) stock[number] += sign * wanted
    }
  }
}

let runs = 0

test('for any orders, commands, arrivals and expiries', async () => {
  await fc.assert(
    fc.asyncProperty(steps, async all => {
      runs += 1
      const chrtIds = Array.from({ length: itemCount }, (_, item) => runs * 10 + item)
      for (const chrtId of chrtIds) await moveStock(t.pool, { chrtId, quantity: 0 })
      const model = new Model()
      for (const step of all) {
        shiftMs += 1_000
        await take(step, model, chrtIds)
        await expectSame(model, chrtIds)
      }
      expect(await brokenRules(t.pool)).toEqual([])
    }),
    { numRuns: 12 },
  )
})

async function take(step: Step, model: Model, chrtIds: readonly number[]): Promise<void> {
  switch (step.kind) {
    case 'place': {
      const uid = `model-${runs}-${String(model.orders.length).padStart(3, '0')}-${shiftMs}`
      const order = orderOf(Object.fromEntries(step.units.map(([item, wanted]) => [chrtIds[item], wanted])), {
        uid,
        ...step,
      })
      const { status } = await t.call('POST', '/api/orders', { body: order })
      return expect(status).toBe(model.place(uid, step.units, step.isPaid) ? 201 : 409)
    }
    case 'receive': {
      const stock = model.stock[step.item]
      if (stock !== undefined) stock.onHand += step.units
      return moveStock(t.pool, { chrtId: chrtIds[step.item] ?? 0, quantity: step.units })
    }
    case 'allocate':
      model.allocate()
      await allocateAll(t.pool, now)
      return t.app.cache.clear()
    case 'expire': {
      shiftMs += heldMs
      model.expire()
      const common = { pool: t.pool, now, isClockRight: () => true, lowStockDefault: 5, log: t.app.context.log }
      await expireReservations({ ...common, heldMaxMs: heldMs, findOpen: async () => new Set() })
      return
    }
    default: {
      const order = model.orders[step.order % Math.max(model.orders.length, 1)]
      if (order === undefined) return
      const { status } = await t.call('POST', `/api/orders/${order.uid}/${step.kind}`, { body: {} })
      return expect(status).toBe(model.command(order, step.kind) ? 200 : 409)
    }
  }
}

async function expectSame(model: Model, chrtIds: readonly number[]): Promise<void> {
  const stocks = await Promise.all(chrtIds.map(chrtId => stockOf(t.pool, chrtId)))
  expect(stocks.map(({ main }) => main)).toEqual(model.stock.map(({ onHand, reserved }) => `${onHand}/${reserved}`))
  const { rows } = await t.pool.query<{ order_uid: string; status: string }>(
    'select order_uid, status from orders where order_uid = any($1)',
    [model.orders.map(({ uid }) => uid)],
  )
  const statuses = new Map(rows.map(({ order_uid, status }) => [order_uid, status]))
  expect(model.orders.map(({ uid }) => statuses.get(uid))).toEqual(model.orders.map(({ status }) => status))
}
