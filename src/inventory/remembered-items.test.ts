import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { itemOf, moveStock } from '../../test/stock.ts'
import { inTransaction, withConnection } from '../platform/postgres.ts'
import { inOneRoundTrip } from '../platform/round-trip.ts'
import type { Item } from './item.ts'
import { saveItems } from './item-save.ts'
import { createRememberedItems } from './remembered-items.ts'
import { reservableByItem } from './stock.ts'
import { readStock } from './stock-queries.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>

beforeAll(async () => {
  database = await createOrdersDatabase()
})

afterAll(() => database.drop())

const remembered = createRememberedItems()

/** Reads items as carts do. @returns the items by number, what can be reserved, and how many statements the second round took */
function read(chrtIds: readonly number[]) {
  return withConnection(database.pool, async client => {
    const reading = remembered.reading(chrtIds)
    await inOneRoundTrip(client, reading.first)
    const second = reading.second()
    await inOneRoundTrip(client, second)
    const { items, reservable } = reading.read()
    return { items: new Map(items.map(item => [item.chrtId, item])), reservable, again: second.length }
  })
}

const save = (change: Partial<Item>, nowMs: number) =>
  inTransaction(database.pool, client => saveItems(client, [{ ...itemOf(1), ...change }], nowMs))

test('an item that was changed elsewhere is read again, also within a millisecond; one that was not is remembered', async () => {
  const nowMs = Date.now()
  await save({ prices: { USD: 100 } }, nowMs)
  expect((await read([1, 2])).items).toMatchObject(new Map([[1, { prices: { USD: 100 } }]]))
  const [known] = [...(await read([1])).items.values()]
  expect((await read([1])).items.get(1)).toBe(known as Item)
  await save({ prices: { USD: 200 } }, nowMs)
  const changed = await read([1, 2])
  expect([changed.again, changed.items.get(1)?.prices]).toEqual([1, { USD: 200 }])
  await database.pool.query('delete from items where chrt_id = 1')
  expect((await read([1])).items.size).toBe(0)
})

test('what can be reserved is counted as by reservableOf, at all locations', async () => {
  await database.pool.query(
    `insert into locations (location, name, priority, countries, active, updated_at) values ('east', 'East', 1, '{}', true, now())`,
  )
  await moveStock(database.pool, { chrtId: 3, quantity: 4, backorderLimit: 5 })
  await moveStock(database.pool, { chrtId: 3, quantity: 7, location: 'east' })
  await moveStock(database.pool, { chrtId: 4, quantity: 0 })
  const { reservable } = await read([3, 4, 5])
  expect(reservable).toEqual(reservableByItem(await readStock(database.pool, [3, 4, 5])))
  expect(reservable).toEqual(new Map([3, 4].map(chrtId => [chrtId, chrtId === 3 ? 16 : 0])))
})
