import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { testLog } from '../../test/kafka.ts'
import { moveStock, orderOf, stockOf } from '../../test/stock.ts'
import { createIntake } from '../orders/intake.ts'
import type { ValidOrder } from '../orders/new-order.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import { orderParts } from '../orders/placement-parts.ts'
import { createIntakeStore } from '../orders/store.ts'
import { readOrder } from '../orders/validate.ts'
import type { PoolClient } from '../platform/postgres.ts'
import { reservationsPart } from './placement.ts'

/** The part of the placement that reserves stock, by itself. */

let database: Awaited<ReturnType<typeof createOrdersDatabase>>

beforeAll(async () => {
  database = await createOrdersDatabase()
})

afterAll(() => database.drop())

const rules = { untracked: 'allow', heldMs: 3_600_000, lowStockDefault: 5 } as const

function submitting(part: PlacementPart) {
  const store = createIntakeStore(database.pool, [...orderParts, part])
  const intake = createIntake({ store, log: testLog, now: Date.now, onPlaced: () => undefined })
  return async (orders: readonly ValidOrder[]) => (await intake.submitAll(orders)).map(({ kind }) => kind)
}

function ordersOf(chrtId: number, count: number): ValidOrder[] {
  return Array.from({ length: count }, () => {
    const reading = readOrder(Buffer.from(JSON.stringify(orderOf({ [chrtId]: 1 }))))
    if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
    return reading.order
  })
}

/** The part, with something done between its decision and the locks of the items. */
function interrupted(part: PlacementPart, act: (client: PoolClient) => Promise<void>): PlacementPart {
  return {
    ...part,
    async decide(client, orders, isCertain) {
      const decisions = (await part.decide?.(client, orders, isCertain)) ?? []
      if (!isCertain) await act(client)
      return decisions
    },
  }
}

test('a group is placed without a decision while no item is tracked, and is decided on from then on', async () => {
  const part = reservationsPart({ rules })
  let decided = 0
  const submit = submitting({
    ...part,
    async decide(client, orders, isCertain) {
      decided += 1
      return (await part.decide?.(client, orders, isCertain)) ?? []
    },
  })
  expect(await submit(ordersOf(1, 2))).toEqual(['placed', 'placed'])
  expect(decided).toBe(0)
  await moveStock(database.pool, { chrtId: 1, quantity: 1 })
  expect(await submit(ordersOf(1, 2))).toEqual(['placed', 'rejected'])
  expect(decided).toBeGreaterThan(0)
  expect(await stockOf(database.pool, 1)).toEqual({ main: '1/1' })
})

test('stock that another takes between the decision and the locks is not sold twice: the group is decided again', async () => {
  await moveStock(database.pool, { chrtId: 2, quantity: 3 })
  const other = submitting(reservationsPart({ rules }))
  let times = 0
  const submit = submitting(
    interrupted(reservationsPart({ rules }), async () => {
      times += 1
      if (times === 1) expect(await other(ordersOf(2, 2))).toEqual(['placed', 'placed'])
    }),
  )
  expect(await submit(ordersOf(2, 3))).toEqual(['placed', 'rejected', 'rejected'])
  expect(times).toBe(1)
  expect(await stockOf(database.pool, 2)).toEqual({ main: '3/3' })
})

test('a group whose connection is cut before the commit is placed once', async () => {
  await moveStock(database.pool, { chrtId: 3, quantity: 5 })
  let times = 0
  const submit = submitting(
    interrupted(reservationsPart({ rules }), async client => {
      times += 1
      if (times === 1) await client.query('select pg_terminate_backend(pg_backend_pid())')
    }),
  )
  expect(await submit(ordersOf(3, 4))).toEqual(['placed', 'placed', 'placed', 'placed'])
  expect(await stockOf(database.pool, 3)).toEqual({ main: '5/4' })
  expect(await brokenRules(database.pool)).toEqual([])
})
