import type { TestApp } from './app.ts'
import { returning } from './returns.ts'
import { parcelOrder } from './shipments.ts'

/** Fills the tables of returns: one in each state, with units that were sold again, damaged and missing, and a refund that is done. */
export async function fillReturns(t: Pick<TestApp, 'app' | 'pool' | 'call'>): Promise<void> {
  const r = returning(t)
  const chrtIds = [920_001, 920_002, 920_003, 920_004, 920_005, 920_006]
  for (const chrtId of chrtIds) await r.stock(chrtId, { main: 9 })
  const order = await r.place(parcelOrder(chrtIds, { uid: 'filled-returned' }))
  await r.send(order)
  const rids = order.items.map(({ rid }) => rid)
  const refunded = await r.approved(order, [0, 1, 2])
  const units = [
    { rid: rids[0], condition: 'restock', location: 'main' },
    { rid: rids[1], condition: 'damaged' },
  ]
  await r.act(refunded, 'receive', { units, reason: 'as it was', actor: 'bo' })
  await r.act(refunded, 'receive', { units: [{ rid: rids[2], condition: 'missing' }], actor: 'cy' })
  await r.act(refunded, 'refund', { fee: 7, reason: 'it does not fit', actor: 'ada' })
  const partly = await r.approved(order, [2, 3])
  await r.act(partly, 'receive', { units: [{ rid: rids[3], condition: 'restock' }] })
  const received = await r.approved(order, [4])
  await r.act(received, 'receive', { units: [{ rid: rids[4], condition: 'damaged' }] })
  const rejected = await r.request(order.order_uid, [rids[5]])
  await r.act(rejected.body.id, 'reject', { reason: 'too late', actor: 'ada' })
  await r.act(await r.approved(order, [5]), 'cancel', { reason: 'changed their mind' })
  await r.request(order.order_uid, [rids[5]])
}
