import type { TestApp } from './app.ts'
import { allocateAll, moveStock, orderOf } from './stock.ts'

/** Fills the tables of reservations: held, committed, shipped and released ones, an order that waits, and one that has waited. */
export async function fillReservations({ pool, call }: Pick<TestApp, 'pool' | 'call'>): Promise<void> {
  const [many, few] = [900_001, 900_002]
  await moveStock(pool, { chrtId: many, quantity: 9 })
  await moveStock(pool, { chrtId: few, quantity: 1 })
  const place = async (name: string, units: Record<number, number>, isPaid = false) => {
    const body = orderOf(units, { uid: `filled-${name}`, isPaid })
    const { status } = await call('POST', '/api/orders', { body })
    if (status !== 201) throw new Error(`the order ${name} was answered with ${status}`)
  }
  await place('held', { [many]: 2 })
  await place('committed', { [many]: 1 }, true)
  await place('shipped', { [many]: 1 }, true)
  await call('POST', '/api/orders/filled-shipped/complete', { body: {} })
  await place('released', { [many]: 1 })
  await call('POST', '/api/orders/filled-released/cancel', { body: {} })
  await place('allocated', { [few]: 2 }, true)
  await moveStock(pool, { chrtId: few, quantity: 1 })
  await allocateAll(pool)
  await place('waiting', { [few]: 1, [many]: 1 }, true)
}
