import { deliveriesApi } from '../src/deliveries/module.ts'
import type { TestApp } from './app.ts'
import { parcelOrder, shipping } from './shipments.ts'

/** Fills the tables of shipments: planned, shipped, delivered, late and cancelled ones, with numbers, promises and stock. */
export async function fillDeliveries(t: Pick<TestApp, 'app' | 'pool' | 'call'>): Promise<void> {
  const s = shipping(t)
  const chrtIds = [910_001, 910_002, 910_003]
  for (const chrtId of chrtIds) await s.stock(chrtId, { main: 9 })
  const order = await s.place(parcelOrder(chrtIds, { uid: 'filled-parcels' }))
  const said = {
    ...{ carrier: 'ups', location: 'main', estimated_delivery_at: '2030-01-02T10:00:00Z', actor: 'ada' },
    tracking_numbers: [{ number: '1Z999AA10123456784', url: 'https://example.com/track' }],
  }
  const first = await s.plan(order, [0], { ...said, promised_by: '2020-01-01T10:00:00Z' })
  await s.act(first.id, 'pack', { reason: 'for today', actor: 'bo' })
  await s.act(first.id, 'ship', { actor: 'ada' })
  await s.act(first.id, 'update', { estimated_delivery_at: '2030-01-03T10:00:00Z', actor: 'cy' })
  const second = await s.plan(order, [1], { location: 'main' })
  await s.act(second.id, 'ship')
  await s.act(second.id, 'deliver')
  const third = await s.plan(order, [2])
  await s.act(third.id, 'ship')
  await s.act(third.id, 'cancel', { reason: 'it came back', actor: 'ada' })
  await s.place(parcelOrder(chrtIds, { uid: 'filled-planned', tracks: ['TRACK-A', 'TRACK-B', 'TRACK-B'] }))
  await s.ask('POST', `/api/orders/${order.order_uid}/tracking-link/revoke`, { reason: 'forwarded', actor: 'bo' })
  await deliveriesApi.of(t.app.context).noticeDelays()
}
