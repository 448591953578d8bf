import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { walkedMax } from '../platform/walked-page.ts'
import { noteOtherLevels } from './due.ts'
import { listMovements, listStock, type StockFilter } from './read-queries.ts'

/** The list of stock by what few items are: what a page looks at is bounded, and the pages together have everything. */

setDefaultTimeout(60_000)
const count = 45_000
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  await t.pool.query(
    `insert into stock (chrt_id, location, on_hand, reserved, unavailable, backorder_limit, backorder_bound, as_of)
     select n, location, case when n % 15000 = 7 then 1 else 100 end, 0, 0, 0, 0, now()
       from generate_series(1, ${count}) n, unnest(case when n = 44000 then '{east,main}'::text[] else '{main}' end) location`,
  )
  await t.pool.query(
    `insert into item_streams (chrt_id, version, level, updated_at)
     select n, 0, case when n % 15000 = 7 then 'low' else 'in_stock' end, now() from generate_series(1, ${count}) n`,
  )
  await t.pool.query('vacuum analyze stock, item_streams')
})
afterAll(() => t.close())

async function listed(query: string): Promise<{ pages: number; chrtIds: number[] }> {
  const chrtIds: number[] = []
  let pages = 0
  for (let path: string | undefined = `/api/stock?${query}`; path !== undefined; pages += 1) {
    const response: Response = await t.call('GET', path)
    for (const { chrt_id } of (await response.json()) as { chrt_id: number }[]) chrtIds.push(chrt_id)
    path = nextOf(path, response)
  }
  return { pages, chrtIds }
}

test('every item of a level or location is on one of the pages, in order and once', async () => {
  expect(await listed('level=low&limit=2')).toEqual({ pages: 2, chrtIds: [7, 15_007, 30_007] })
  expect(await listed('location=east')).toEqual({ pages: 3, chrtIds: [44_000] })
  expect(await listed('level=in_stock&chrt_id=7,8,9')).toEqual({ pages: 1, chrtIds: [8, 9] })
  const { chrtIds } = await listed('level=low,in_stock&limit=1000')
  expect(chrtIds).toEqual(Array.from({ length: count }, (_, index) => index + 1))
})

test('an item whose level the worker has still to look at is listed by what it is', async () => {
  await t.pool.query(
    `update stock set on_hand = 0 where chrt_id in (7, 8); insert into stock_due values (7, now()), (8, now())`,
  )
  expect(await listed('level=low')).toEqual({ pages: 1, chrtIds: [15_007, 30_007] })
  expect(await listed('level=out_of_stock,low')).toEqual({ pages: 1, chrtIds: [7, 8, 15_007, 30_007] })
  await t.pool.query(
    `update stock set on_hand = case chrt_id when 7 then 1 else 100 end where chrt_id in (7, 8); delete from stock_due`,
  )
})

test('items whose level is another since STOCK_LOW was changed are noted for the worker, all of them in portions', async () => {
  const due = async () => (await t.pool.query('delete from stock_due returning chrt_id::int')).rows.length
  const note = async (lowStockDefault: number) => {
    let portions = 0
    for (let after: number | undefined = -1; after !== undefined; portions += 1) {
      after = await noteOtherLevels({ pool: t.pool, now: Date.now, lowStockDefault }, after)
    }
    return [portions, await due()]
  }
  expect(await note(5)).toEqual([3, 0])
  expect(await note(0)).toEqual([3, 3])
})

test.each<[string, Partial<StockFilter>, number]>([
  ['all', {}, 250],
  ['a level that hardly any item has', { levels: ['out_of_stock'] }, 100],
  ['a location that hardly any item is at', { location: 'east' }, walkedMax + 100],
])('a page looks at a bounded number of items: %s', async (_, filter, most) => {
  const all = { chrtIds: undefined, levels: undefined, location: undefined }
  const read = await rowsRead(t.pool, 'stock', pool => listStock(pool, { ...all, ...filter }, undefined, 100, 5))
  expect(read).toBeLessThan(most)
})

test('movements of an item: a page looks at a bounded number, and the pages together have every one of a kind', async () => {
  await t.pool.query(
    `insert into stock_movements (chrt_id, movement_id, location, kind, quantity, on_hand, reserved, unavailable, reason, actor, recorded_at)
     select 1, n, 'main', case when n % 15000 = 7 then 'adjusted' else 'received' end, 1, 1, 0, 0, '', '', now()
       from generate_series(1, ${count}) n`,
  )
  await t.pool.query('analyze stock_movements')
  const filter = { location: undefined, kinds: ['adjusted'] } as const
  const ids: number[] = []
  let pages = 0
  for (let before: number | undefined; pages === 0 || before !== undefined; pages += 1) {
    const page = await listMovements(t.pool, 1, filter, before, 2)
    ids.push(...page.movements.map(({ id }) => id))
    before = page.next
  }
  expect([ids, pages]).toEqual([[30_007, 15_007, 7], 3])
  const none = { ...filter, kinds: ['returned'] } as const
  const read = await rowsRead(t.pool, 'stock_movements', pool => listMovements(pool, 1, none, undefined, 100))
  expect(read).toBeLessThan(walkedMax + 100)
})
