import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { walkedMax } from '../platform/walked-page.ts'
import { listDiscounts } from './discount-queries.ts'
import { listCarts } from './list.ts'

/** Lists of carts and of discount codes by what few of them are: what a page looks at is bounded, and the pages together have everything. */

setDefaultTimeout(60_000)
const count = 45_000
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  await t.pool.query(
    `insert into carts (cart_id, token_hash, state, currency, discount_codes, lines, version, sequence, recorded_at, created_at, updated_at,
                        expires_at, next_look_at, abandoned_at)
     select 'cart-' || n, repeat('0', 64), 'open', 'USD', '{}', '[]', 1, 1, now(), timestamptz '2026-01-01' + n * interval '1 s', now(), now(), now(),
            case when n % 15000 = 7 then now() end
       from generate_series(1, ${count}) n`,
  )
  await t.pool.query(
    `insert into discounts (code_key, code, kind, percent, minimums, uses, active, created_at, updated_at)
     select 'c' || lpad(n::text, 6, '0'), 'C' || lpad(n::text, 6, '0'), 'percent', 10, '{}', 0, n % 15000 <> 7, now(), now()
       from generate_series(1, ${count}) n`,
  )
  await t.pool.query('analyze carts')
  await t.pool.query('analyze discounts')
})
afterAll(() => t.close())

async function readAll(path: string): Promise<[keys: string[], pages: number]> {
  const keys: string[] = []
  let pages = 0
  for (let next: string | undefined = path; next !== undefined; pages += 1) {
    const response = await t.call('GET', next)
    for (const { id, code } of (await response.json()) as { id?: string; code?: string }[]) keys.push(id ?? code ?? '')
    next = nextOf(next, response)
  }
  return [keys, pages]
}

test('the pages together have every cart that was abandoned, and every code that is not active', async () => {
  expect(await readAll('/api/carts?abandoned=true&limit=2')).toEqual([['cart-30007', 'cart-15007', 'cart-7'], 3])
  expect(await readAll('/api/discounts?active=false&limit=2')).toEqual([['C000007', 'C015007', 'C030007'], 3])
})

test('a page looks at a bounded number of carts and of codes', async () => {
  const abandoned = { state: 'open', abandoned: true } as const
  const carts = await rowsRead(t.pool, 'carts', pool => listCarts(pool, abandoned, undefined, 100))
  expect(carts).toBeLessThan(walkedMax + 100)
  const inactive = { after: undefined, active: false, limit: 100 }
  const codes = await rowsRead(t.pool, 'discounts', pool => listDiscounts(pool, inactive))
  expect(codes).toBeLessThan(walkedMax + 100)
})
