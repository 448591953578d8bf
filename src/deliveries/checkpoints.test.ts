import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { parcelOrder, type ShownShipment, shipping } from '../../test/shipments.ts'
import type { ShipmentCheckpoint } from '../tracking/views.ts'

let t: TestApp
let s: ReturnType<typeof shipping>
beforeAll(async () => {
  t = await createTestApp()
  s = shipping(t)
})
afterAll(() => t.close())

const local = (hoursAgo: number) => new Date(Date.now() - hoursAgo * 3_600_000).toISOString().slice(0, 19)

async function report(number: string, ...checkpoints: object[]): Promise<void> {
  const body = { tracking_number: number, checkpoints: checkpoints.map(one => ({ place: 'Lyon', ...one })) }
  expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
}

test('all that carriers have said of a shipment is listed by number, in their words, with what moves nothing marked', async () => {
  const order = await s.place(parcelOrder([1, 2]))
  const numbers = ['FIRST 1', 'second-2', 'THIRD3'].map(number => ({ number }))
  const { id } = await s.plan(order, [0], { tracking_numbers: numbers })
  const { id: other } = await s.plan(order, [1], { tracking_numbers: [{ number: 'OTHER4' }] })
  await report('OTHER4', { code: 'in_transit', occurred_local: local(9) })
  await report(
    'FIRST1',
    { code: 'OFD', status: 'out_for_delivery', occurred_local: local(1), zone: '+02:00', text: 'Ada Lovelace, door 7' },
    { code: 'in_transit', occurred_local: local(20), reason: 'customs_hold' },
    { code: 'ZZ', occurred_local: local(30), place: '10115 Berlin' },
    { code: 'delivered', occurred_local: '2038-01-19T03:14:08' },
    { code: 'delivered', occurred_local: '1999-01-01T00:00:00' },
  )
  await report('THIRD3', { code: 'picked_up', occurred_local: `${local(5)}Z` })

  const path = `/api/shipments/${id}/checkpoints`
  const { body: all } = await s.ask<ShipmentCheckpoint[]>('GET', path)
  const brief = all.map(({ tracking_number, code, status, ignored }) => [tracking_number, code, status, ignored])
  expect(brief).toEqual([
    ['FIRST1', 'delivered', 'delivered', 'future'],
    ['FIRST1', 'OFD', 'out_for_delivery', null],
    ['FIRST1', 'in_transit', 'in_transit', null],
    ['FIRST1', 'ZZ', 'unknown', 'unknown_code'],
    ['FIRST1', 'delivered', 'delivered', 'too_old'],
    ['THIRD3', 'picked_up', 'picked_up', null],
  ])
  expect(all[1]).toMatchObject({ text: 'Ada Lovelace, door 7', zone: 'known', reason: null, place: 'Lyon' })
  expect(Date.parse(all[1]?.occurred_at ?? '')).toBe(Date.parse(`${all[1]?.occurred_local}+02:00`))
  expect(all[2]).toMatchObject({ reason: 'customs_hold', zone: 'unknown', occurred_at: null })
  expect(all[3]).toMatchObject({ place: '10115 Berlin' })
  expect(all[5]).toMatchObject({ zone: 'assumed', occurred_at: null, text: null })

  for (const limit of [1, 2, 5, 6]) {
    const read: ShipmentCheckpoint[] = []
    for (let next: string | undefined = `${path}?limit=${limit}`; next !== undefined; ) {
      const page: Response = await t.call('GET', next)
      const body = (await page.json()) as ShipmentCheckpoint[]
      expect(body.length).toBeLessThanOrEqual(limit)
      read.push(...body)
      const link: string | undefined = /^<checkpoints(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1]
      next = link && path + link
    }
    expect([limit, read]).toEqual([limit, all])
  }
  expect((await s.ask<ShipmentCheckpoint[]>('GET', `/api/shipments/${other}/checkpoints`)).body).toHaveLength(1)
})

test('a shipment without reports has none, an unknown one is not found, a wrong parameter is refused', async () => {
  const { id } = await s.plan(await s.place(parcelOrder([1])), [0])
  expect((await s.ask<ShownShipment[]>('GET', `/api/shipments/${id}/checkpoints`)).body).toEqual([])
  expect((await s.ask('GET', '/api/shipments/shp_nobody/checkpoints')).status).toBe(404)
  expect((await s.ask('GET', `/api/shipments/${id}/checkpoints?limit=0&cursor=x&page=2`)).status).toBe(400)
})
