import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { inTransaction } from '../platform/postgres.ts'
import { attachParcels } from './attach.ts'
import type { TrackedParcel } from './views.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
  // From now on others need a key.
  expect((await t.call('POST', '/api/keys', { body: { name: 'admin', scopes: ['admin'] } })).status).toBe(201)
})

afterAll(() => t.close())

const local = (daysAgo: number, clock: string) =>
  `${new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)}T${clock}`

async function report(number: string, ...checkpoints: object[]): Promise<void> {
  const body = { tracking_number: number, carrier: 'Meest', checkpoints }
  expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
}

const at = (status: string, occurred_local: string, more: object = {}) => ({
  code: 'X1',
  status,
  occurred_local,
  place: 'Lyon',
  ...more,
})

function attach(number: string) {
  const shipment = { orderUid: 'o-1', shipmentId: 'shp_1', number, carrier: '', shippedSinceMs: Date.now() }
  return inTransaction(t.pool, client => attachParcels(client, [shipment], Date.now()))
}

async function track(number: string) {
  const response = await t.call('GET', `/api/track/${number}`)
  return {
    status: response.status,
    body: (await response.json()) as TrackedParcel & { code: string; request_id: string },
  }
}

test('a parcel is shown to anybody, newest checkpoint first, without words of the carrier and without an order', async () => {
  await attach('RB 123 456 785 GB')
  await report(
    'RB123456785GB',
    at('delivered', '2038-01-19T03:14:08'),
    at('out_for_delivery', local(1, '08:00:00'), {
      zone: '+01:00',
      text: 'Handed to Ada Lovelace',
      reason: 'weather_delay',
    }),
    at('in_transit', local(2, '09:00:00')),
  )
  const { status, body } = await track('rb-123456785-gb')
  expect(status).toBe(200)
  const [newest, oldest, ...more] = body.checkpoints
  expect(more).toEqual([])
  expect(body).toMatchObject({ tracking_number: 'RB123456785GB', status: 'out_for_delivery', returning: false })
  const instant = new Date(Date.parse(`${local(1, '08:00:00')}Z`) - 3_600_000).toISOString()
  expect(newest).toMatchObject({
    occurred_local: local(1, '08:00:00'),
    occurred_at: instant,
    zone: 'known',
    place: 'Lyon',
  })
  expect(oldest).toMatchObject({
    status: 'in_transit',
    occurred_local: local(2, '09:00:00'),
    occurred_at: null,
    zone: 'unknown',
  })
  expect(JSON.stringify(body)).not.toMatch(/Lovelace|o-1|shp_1/)
  // What is kept in memory is another as soon as a report was answered.
  await report('RB123456785GB', at('delivered', local(0, '00:00:00')))
  expect((await track('RB123456785GB')).body.status).toBe('delivered')
})

test('a number that nobody knows and one that no shipment has are answered alike, until a shipment gets it', async () => {
  await report('HIDDEN1', at('in_transit', local(1, '08:00:00')))
  const answers = [await track('HIDDEN1'), await track('NOBODY1'), await track('%3Cscript%3E')]
  for (const { status, body } of answers) {
    expect([status, body.code]).toEqual([404, 'PARCEL_NOT_FOUND'])
    expect({ ...body, request_id: '' }).toEqual({ ...(answers[0]?.body ?? body), request_id: '' })
  }
  await attach('HIDDEN1')
  expect((await track('HIDDEN1')).body.status).toBe('in_transit')
})

test('a stream sends the parcel as it is, and again when it has changed', async () => {
  await attach('LIVE1')
  await report('LIVE1', at('in_transit', local(1, '08:00:00')))
  const response = await t.call('GET', '/api/track/LIVE1', { headers: { accept: 'text/event-stream' } })
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const next = async () => {
    const { value } = await reader.read()
    const [, data = ''] = /^event: parcel\ndata: (.*)\n\n$/s.exec(new TextDecoder().decode(value)) ?? []
    return (JSON.parse(data) as TrackedParcel).status
  }
  expect(await next()).toBe('in_transit')
  const changed = next()
  await report('LIVE1', at('out_for_delivery', local(0, '00:00:00')))
  expect(await changed).toBe('out_for_delivery')
  const unknown = await t.call('GET', '/api/track/NOBODY1', { headers: { accept: 'text/event-stream' } })
  expect(unknown.status).toBe(404)
  const last = reader.read()
  for (const { endStreams } of t.app.running) endStreams?.()
  expect((await last).done).toBe(true)
})

test('who tries out numbers is slowed down; what is in memory is not', async () => {
  const seen = await attach('BUSY1')
  expect(seen).toEqual([])
  await report('BUSY1', at('in_transit', local(1, '08:00:00')))
  expect((await track('BUSY1')).status).toBe(200)
  const tried = await Promise.all(Array.from({ length: 1_300 }, (_, index) => t.call('GET', `/api/track/T${index}`)))
  const refused = tried.filter(({ status }) => status === 429)
  expect(refused.length).toBeGreaterThan(0)
  expect(refused[0]?.headers.get('retry-after')).toBe('1')
  expect(new Set(tried.map(({ status }) => status))).toEqual(new Set([404, 429]))
})
