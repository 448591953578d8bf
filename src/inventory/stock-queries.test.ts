import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createOrdersDatabase } from '../../test/app.ts'
import { inTransaction } from '../platform/postgres.ts'
import { lockItems } from './item-locks.ts'
import { changeOf, type Movement, type MovementKind } from './movement.ts'
import { addStock, applyMovements, readStock } from './stock-queries.ts'

let database: Awaited<ReturnType<typeof createOrdersDatabase>>

beforeAll(async () => {
  database = await createOrdersDatabase()
})

afterAll(() => database.drop())

const nowMs = Date.parse('2026-11-29T00:00:00Z')
const lowStockDefault = 5

function movement(chrtId: number, kind: MovementKind, quantity: number, more: Partial<Movement> = {}): Movement {
  const change = changeOf(kind, quantity)
  const orderUid = kind === 'reserved' ? 'o-1' : undefined
  return { chrtId, location: 'main', kind, quantity, change, reason: '', actor: 'test', orderUid, ...more }
}

/** Applies movements as a writer does: locks, reads, writes. */
function write(chrtIds: readonly number[], movements: readonly Movement[]) {
  return inTransaction(database.pool, async client => {
    await lockItems(client, chrtIds)
    await addStock(
      client,
      chrtIds.map(chrtId => ({ chrtId, location: 'main', backorderLimit: 0, lowStock: undefined })),
    )
    return applyMovements(client, movements, { stocks: await readStock(client, chrtIds), nowMs, lowStockDefault })
  })
}

test('numbers are the sums of their movements, also when two write the same items in opposite order at once', async () => {
  const [one, two] = [1, 2]
  await write([one, two], [movement(one, 'received', 100), movement(two, 'received', 100)])
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => {
      const ids = index % 2 === 0 ? [one, two] : [two, one]
      return write(
        ids,
        ids.map(chrtId => movement(chrtId, 'reserved', 3)),
      )
    }),
  )
  const stocks = await readStock(database.pool, [one, two])
  expect(stocks.map(({ onHand, reserved, asOfMs }) => [onHand, reserved, asOfMs])).toEqual([
    [100, 60, nowMs],
    [100, 60, nowMs],
  ])
  const { rows } = await database.pool.query(
    'select chrt_id::int, sum(on_hand)::int as on_hand, sum(reserved)::int as reserved from stock_movements group by 1 order by 1',
  )
  expect(rows).toEqual([
    { chrt_id: one, on_hand: 100, reserved: 60 },
    { chrt_id: two, on_hand: 100, reserved: 60 },
  ])
})

test('what the stock does not allow is not written, and the database refuses it as well', async () => {
  const chrtId = 3
  await write([chrtId], [movement(chrtId, 'received', 2)])
  expect(await write([chrtId], [movement(chrtId, 'reserved', 3)])).toMatchObject({
    kind: 'refused',
    refusal: { why: 'available', stock: { onHand: 2 } },
  })
  expect(await readStock(database.pool, [chrtId])).toMatchObject([{ onHand: 2, reserved: 0 }])
  const update = `update stock set reserved = 3 where chrt_id = ${chrtId}`
  await expect(database.pool.query(update)).rejects.toThrow('reserved_is_within_bound')
  await expect(write([chrtId], [movement(chrtId, 'received', 1, { change: changeOf('received', 2) })])).rejects.toThrow(
    'movement_is_of_its_kind',
  )
})

test('an item is noted for the worker when its level changes, and when an order waits for it', async () => {
  const [crossing, quiet, waiting] = [4, 5, 6]
  const due = async () => {
    const { rows } = await database.pool.query('delete from stock_due returning chrt_id::int')
    return rows.map(row => (row as { chrt_id: number }).chrt_id).toSorted()
  }
  const all = [crossing, quiet, waiting]
  await write(
    all,
    all.map(chrtId => movement(chrtId, 'received', 10)),
  )
  expect(await due()).toEqual(expect.arrayContaining(all))
  await database.pool.query(`insert into stock_shortfalls values ('o-1', ${waiting}, 1, now())`)
  await write(all, [
    movement(crossing, 'reserved', 5),
    movement(quiet, 'received', 1),
    movement(waiting, 'received', 1),
  ])
  expect(await due()).toEqual([crossing, waiting])
})

test('what a sender calls a movement is recorded once for an item', async () => {
  const once = { externalId: 'wms-1' }
  await write([7, 8], [movement(7, 'received', 1, once), movement(8, 'received', 1, once)])
  await expect(write([7], [movement(7, 'received', 1, once)])).rejects.toThrow('stock_movement_is_recorded_once')
})
