import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { type ItemFilter, listItems } from './item-queries.ts'
import { searchedWordsOf } from './item-words.ts'

/** Pages of a catalogue by words that are common, rare, or common in one part of it only: all of what matches, in order, each once. */

setDefaultTimeout(60_000)
const count = 30_000
let t: TestApp

/** Words by how many items have them: every one, one in 2, 3, 50 and 1,000, and those of the last third. */
const wordsOf = (n: number) =>
  [
    'all',
    n % 2 === 0 && 'even',
    n % 3 === 0 && 'thirds',
    n % 50 === 7 && 'fifties',
    n % 1_000 === 7 && 'rare',
    n > 20_000 && 'latecomer',
    n > 20_000 && n % 2 === 1 && 'late',
  ].filter(word => word !== false)
const isActive = (n: number) => n % 4 !== 0

beforeAll(async () => {
  t = await createTestApp()
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  await t.pool.query(
    `insert into items (chrt_id, nm_id, name, brand, size, prices, sale, tax_class, active, min_quantity, quantity_step, backorder,
                        updated_at, search)
     select n, n % 2, 'x', '', '', '{}', 0, 'standard', active, 1, 1, 'refuse', now(), array_to_tsvector(string_to_array(words, ' '))
       from unnest($1::bigint[], $2::text[], $3::boolean[]) given (n, words, active)`,
    [numbers, numbers.map(n => wordsOf(n).join(' ')), numbers.map(isActive)],
  )
  await t.pool.query('vacuum analyze items')
})
afterAll(() => t.close())

async function listed(q: string, more: Partial<ItemFilter>, limit: number) {
  const filter = { search: searchedWordsOf(q), chrtIds: undefined, nmId: undefined, active: undefined, ...more }
  const chrtIds: number[] = []
  let pages = 0
  for (let after: number | undefined; pages === 0 || after !== undefined; pages += 1) {
    const page = await listItems(t.pool, filter, after, limit)
    chrtIds.push(...page.items.map(({ chrtId }) => chrtId))
    after = page.next
  }
  return { chrtIds, pages }
}

function matching(q: string, { nmId, active }: Partial<ItemFilter>) {
  const begins = (n: number, word: string) => wordsOf(n).some(one => one.startsWith(word))
  return Array.from({ length: count }, (_, index) => index + 1).filter(
    n =>
      q.split(' ').every(word => begins(n, word)) &&
      (nmId === undefined || n % 2 === nmId) &&
      (active === undefined || isActive(n) === active),
  )
}

test.each<[string, Partial<ItemFilter>?]>([
  ['thirds'],
  ['fifties'],
  ['rare'],
  ['late'],
  ['latec'],
  ['nothing'],
  ['even thirds'],
  ['fift even'],
  ['rare fifties thirds'],
  ['latecomer even thirds'],
  ['late rare'],
  ['all nothing'],
  ['thirds', { active: true }],
  ['even', { active: false }],
  ['fifties', { active: false }],
  ['rare', { nmId: 1 }],
  ['thirds', { chrtIds: [3, 4, 6, 29_999] }],
])('the pages of %s %p together have every item that matches, in order', async (q, more = {}) => {
  const expected = matching(q, more).filter(n => more.chrtIds?.includes(n) ?? true)
  expect((await listed(q, more, 700)).chrtIds).toEqual(expected)
})

test('a page has as many items as were asked for, unless it is the last one', async () => {
  for (const q of ['fifties', 'rare', 'latecomer'])
    expect((await listed(q, {}, 100)).pages).toBe(Math.max(1, Math.ceil(matching(q, {}).length / 100)))
})

test.each<[string, Partial<ItemFilter>, number]>([
  ['common', {}, 1_000],
  ['all nothing', {}, 2_000],
  ['rare all', {}, 2_000],
  ['all even thirds', {}, 3_000],
  ['even', { active: false }, 22_000],
])('a search for %s %p reads a bounded number of items', async (q, more, most) => {
  const filter = { search: searchedWordsOf(q), chrtIds: undefined, nmId: undefined, active: undefined, ...more }
  expect(await rowsRead(t.pool, 'items', pool => listItems(pool, filter, undefined, 100))).toBeLessThan(most)
})

test('a search whose words are common, but not together, ends its page early', async () => {
  await t.pool.query(
    `update items set search = array_to_tsvector(case when chrt_id % 2 = 0 then '{left}' else '{right}' end::text[])`,
  )
  await t.pool.query('vacuum analyze items')
  const filter = { search: searchedWordsOf('left right'), chrtIds: undefined, nmId: undefined, active: undefined }
  const read = await rowsRead(t.pool, 'items', async pool => {
    expect(await listItems(pool, filter, undefined, 100)).toEqual({ items: [], next: 10_000 })
  })
  expect(read).toBeLessThan(12_000)
  expect(await listed('left right', {}, 100)).toEqual({ chrtIds: [], pages: 4 })
})
