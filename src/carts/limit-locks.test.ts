import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { cartActions, mug, openShop, stockUp } from '../../test/carts.ts'
import { brokenRules } from '../../test/invariants.ts'
import { eventually } from '../../test/kafka.ts'
import { advisoryLockSpaces } from '../advisory-locks.ts'
import { lockItems } from '../inventory/item-locks.ts'

/** A checkout and a cancellation of the same code and item lock the code first, both. */

let t: TestApp
let shop: ReturnType<typeof cartActions>
const { items, limits } = advisoryLockSpaces

beforeAll(async () => {
  t = await createTestApp()
  shop = cartActions(t.call)
  await openShop(t)
  await stockUp(t, mug, 100)
  expect((await t.call('PUT', '/api/discounts/BOTH', { body: { kind: 'percent', percent: 10 } })).status).toBe(201)
})

afterAll(async () => {
  expect(await brokenRules(t.pool)).toEqual([])
  await t.close()
})

/** The transactions that wait: for which kind of lock, and which kinds they hold. */
async function waiting(): Promise<{ awaited: number; held: number[] }[]> {
  const { rows } = await t.pool.query(
    `select w.classid::int as awaited,
            array(select distinct h.classid::int from pg_locks h
                   where h.pid = w.pid and h.granted and h.locktype = 'advisory' and h.objsubid = 2) as held
       from pg_locks w
      where not w.granted and w.locktype = 'advisory'
        and w.database = (select oid from pg_database where datname = current_database())`,
  )
  return rows
}

test.each(['cancellation', 'checkout'])('a checkout and a cancellation cross, and the %s is first', async first => {
  const [before, cart] = [await shop.fill({ discount_codes: ['both'] }), await shop.fill({ discount_codes: ['both'] })]
  const placed = await shop.checkOut(before)
  expect(placed).toMatchObject({ status: 201 })
  const cancel = async () => (await t.call('POST', `/api/orders/${placed.order.order_uid}/cancel`)).status
  const checkOut = async () => (await shop.checkOut(cart)).status
  const blocker = await t.pool.connect()
  try {
    await blocker.query('begin')
    await lockItems(blocker, [mug])
    const one = first === 'checkout' ? checkOut() : cancel()
    await eventually('the first waits for the item', async () => (await waiting()).length === 1)
    const other = first === 'checkout' ? cancel() : checkOut()
    await eventually('the second waits too', async () => (await waiting()).length === 2)
    const byLock = new Map((await waiting()).map(({ awaited, held }) => [awaited, held]))
    expect(byLock.get(items)).toContain(limits)
    expect(byLock.get(limits)).not.toContain(items)
    await blocker.query('commit')
    expect((await Promise.all([one, other])).toSorted()).toEqual([200, 201])
  } finally {
    blocker.release(true)
  }
})
