import { expect } from 'bun:test'
import { inTransaction } from '../src/platform/postgres.ts'
import { attachParcels } from '../src/tracking/attach.ts'
import { expireSilent } from '../src/tracking/silence.ts'
import type { TestApp } from './app.ts'
import { testLog } from './kafka.ts'

const dayMs = 86_400_000

/**
 * Rows in every table of parcels, written by the service: one that nobody has shipped, and of those that are shipped one on its way, one that
 * was delivered, and one of which no news come.
 */
export async function fillTracking(t: Pick<TestApp, 'call' | 'pool'>): Promise<void> {
  const local = (daysAgo: number) => new Date(Date.now() - daysAgo * dayMs).toISOString().slice(0, 19)
  const report = async (tracking_number: string, ...checkpoints: object[]) => {
    const body = { tracking_number, carrier: 'Meest', estimated_delivery_at: '2026-12-01T12:00:00Z', checkpoints }
    expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
  }
  const at = (code: string, daysAgo: number, more: object = {}) => ({
    code,
    occurred_local: local(daysAgo),
    place: 'Lyon',
    ...more,
  })
  const attach = (number: string, nowMs: number) => {
    const shipment = { orderUid: 'filled-0', shipmentId: 'shp_filled', number, carrier: 'meest' }
    return inTransaction(t.pool, client => attachParcels(client, [{ ...shipment, shippedSinceMs: nowMs }], nowMs))
  }
  const more = { id: 'c-1', zone: '+01:00', reason: 'weather_delay', text: 'Snow', status: 'delayed' }
  await attach('FILLED2', Date.now())
  await report('FILLED2', at('picked_up', 2), at('delivered', 1))
  await attach('FILLED3', Date.now() - 15 * dayMs)
  const options = { pool: t.pool, now: Date.now, silentDays: 14, parts: () => [], log: testLog }
  expect(await expireSilent({ ...options, isClockRight: () => true, onCommitted: () => undefined })).toBe(1)
  await report('FILLED4', at('in_transit', 1))
  await report('FILLED1', at('picked_up', 2), at('held', 1, more))
  await attach('FILLED1', Date.now())
}
