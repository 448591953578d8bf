import { expect } from 'bun:test'
import { allocateWaiting } from '../src/inventory/allocation-worker.ts'
import type { Entry } from '../src/inventory/entry.ts'
import type { Item } from '../src/inventory/item.ts'
import { readItems } from '../src/inventory/item-queries.ts'
import { saveItems } from '../src/inventory/item-save.ts'
import { recordEntries } from '../src/inventory/record-entries.ts'
import { readStock } from '../src/inventory/stock-queries.ts'
import type { OrderDocument } from '../src/orders/document.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { inTransaction, type Pool } from '../src/platform/postgres.ts'
import { testLog } from './kafka.ts'
import { repeatableRandom } from './orders.ts'

/** Stock of a test, and orders that want it. */

type Moved = { chrtId: number; quantity: number; location?: string; backorderLimit?: number }

/** Has units of an item received at a location, `main` unless said; 0: has it tracked there. */
export async function moveStock(pool: Pool, moved: Moved): Promise<void> {
  const { chrtId, quantity, location = 'main', backorderLimit } = moved
  const [known] = await readItems(pool, [chrtId])
  if (known === undefined)
    await inTransaction(pool, client => saveItems(client, [itemOf(chrtId, backorderLimit)], Date.now()))
  const remarks = { reason: '', actor: 'test', externalId: undefined, traceparent: undefined }
  const entry: Entry =
    quantity === 0
      ? { type: 'count', chrtId, location, counted: 0, expected: undefined, asOfMs: Date.now(), ...remarks }
      : { type: 'movement', chrtId, location, kind: 'received', quantity, inQuarantine: false, ...remarks }
  const options = { pool, now: Date.now, lowStockDefault: 5, onCommitted: () => undefined }
  expect(await recordEntries(options, [entry])).toMatchObject([{ kind: 'recorded' }])
}

/** An item that is sold, and not back-ordered unless said. */
export function itemOf(chrtId: number, backorderLimit?: number): Item {
  return {
    ...{ chrtId, nmId: 1, name: 'Mascaras', brand: 'Vivienne Sabo', size: '0', prices: {}, sale: 0 },
    ...{ taxClass: 'standard', active: true, minQuantity: 1, maxQuantity: undefined, quantityStep: 1 },
    ...{ backorder: backorderLimit === undefined ? 'refuse' : 'allow', backorderLimit, lowStock: undefined },
    ...{ maxPerCustomer: undefined, availableFromMs: undefined, updatedAtMs: Date.now() },
  }
}

/** What there is of an item: `on hand/reserved` by location. */
export async function stockOf(pool: Pool, chrtId: number): Promise<Record<string, string>> {
  const stocks = await readStock(pool, [chrtId])
  return Object.fromEntries(stocks.map(({ location, onHand, reserved }) => [location, `${onHand}/${reserved}`]))
}

let series = 0

function nextUid(): string {
  series += 1
  return `stock-${series}`
}

/** An order of units of items, unpaid unless said. */
export function orderOf(
  units: Readonly<Record<number, number>>,
  { uid = nextUid(), isPaid = false, country }: { uid?: string; isPaid?: boolean; country?: string } = {},
): OrderDocument {
  const order = exampleOrder(uid, Date.UTC(2026, 0, 1), repeatableRandom(uid))
  const [item] = order.items
  if (item === undefined) throw new Error('the example has an item')
  order.items = Object.entries(units).flatMap(([chrtId, wanted]) =>
    Array.from({ length: wanted }, (_, unit) => ({
      ...item,
      ...{ chrt_id: Number(chrtId), rid: `${uid}-${chrtId}-${unit}`, price: 100, sale: 0, total_price: 100 },
    })),
  )
  const goods = order.items.length * 100
  order.payment = { ...order.payment, goods_total: goods, amount: goods, delivery_cost: 0, payment_dt: isPaid ? 1 : 0 }
  if (country !== undefined) Object.assign(order.delivery, { country })
  return order
}

/** Allocates what has arrived until nothing more is due, as the worker does. */
export async function allocateAll(pool: Pool, now: () => number = Date.now): Promise<void> {
  const options = { pool, now, onChanged: () => undefined, parts: () => [], lowStockDefault: 5, log: testLog }
  while ((await allocateWaiting(options)).tried > 0);
}
