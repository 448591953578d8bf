import { expect } from 'bun:test'
import { readCarts, updateCarts } from '../src/carts/rows.ts'
import { look } from '../src/carts/sweep.ts'
import { appendEvent } from '../src/events/append.ts'
import { inTransaction } from '../src/platform/postgres.ts'
import type { TestApp } from './app.ts'
import { cartActions, mug, openShop, putItems } from './carts.ts'

/** Carts in every state: open, abandoned, with a payment that failed, checked out, merged and expired. */
export async function fillCarts(t: Pick<TestApp, 'app' | 'call' | 'pool'>): Promise<void> {
  const { create, fill, put, cart, checkOut } = cartActions(t.call)
  await openShop(t)
  const open = await fill({
    customer_id: 'c-1',
    note: 'ring twice',
    metadata: { source: 'ad' },
    discount_codes: ['none'],
  })
  const limited = 110
  await putItems(t.pool, [limited, 800, { maxPerCustomer: 3 }])
  const bought = await fill()
  expect(await checkOut(await put(bought.id, limited, 2))).toMatchObject({ status: 201 })
  expect(await checkOut(await fill(), 'tok_decline')).toMatchObject({ status: 201 })
  const [guest, left, empty] = [
    await create({ customer_id: 'c-2' }),
    await fill({ customer_id: 'c-3' }),
    await create(),
  ]
  await put(guest.id, mug, 1)
  await cart('POST', `/${open.id}/merge`, { from: guest.id, rule: 'max' })
  const nowMs = Date.now()
  await inTransaction(t.pool, async client => {
    for (const [id, afterMs] of [
      [left.id, 1],
      [empty.id, 49 * 3_600_000],
    ] as const) {
      const before = (await readCarts(client, [id])).get(id)
      if (before === undefined) throw new Error('the cart is not stored')
      const due = { ...before, nextLookAtMs: nowMs }
      const found = look(due, { order: undefined, nowMs: nowMs + afterMs, abandonedAfterMs: 0 })
      await updateCarts(client, [{ after: found.cart }])
      for (const event of found.events) await appendEvent(client, event)
    }
  })
}
