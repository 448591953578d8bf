import { expect } from 'bun:test'
import { settleDueItems } from '../src/inventory/due.ts'
import type { TestApp } from './app.ts'
import { testLog } from './kafka.ts'

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/**
 * Rows in every table of items and their stock, written by the service in every way that it has: movements of every kind that people record,
 * counts that were applied, made no difference and came too late, levels that were told, and an item that the worker has still to look at.
 */
export async function fillInventory(t: Pick<TestApp, 'call' | 'pool'>): Promise<void> {
  const send = async (method: string, path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await t.call(method, path, { body, headers: { traceparent, ...headers } })
    expect([path, response.status, response.ok]).toEqual([path, response.status, true])
  }
  const item = { nm_id: 70, name: 'Filled Shirt', brand: 'Nord', size: 'L', prices: { USD: 4500, EUR: 4100 }, sale: 10 }
  const more = { max_quantity: 10, max_per_customer: 5, low_stock: 3, available_from: '2026-01-01T00:00:00Z' }
  await send('PUT', '/api/items/70001', { ...item, ...more, backorder: 'allow', backorder_limit: 4 })
  await send('PUT', '/api/items/70002', { ...item, low_stock: 5 })
  await send('PUT', '/api/items/70003', item)
  await send('PUT', '/api/locations/filled', { name: 'Filled', priority: 3, countries: ['US', 'CA'], active: false })
  const move = (chrtId: number, kind: string, quantity: number, given: object = {}) =>
    send('POST', `/api/stock/${chrtId}/movements`, { location: 'main', kind, quantity, actor: 'ada', ...given })
  await move(70_001, 'received', 100, { reason: 'delivery', external_id: 'w-1' })
  await move(70_001, 'transferred', 20, { to_location: 'filled', external_id: 'w-2' })
  await move(70_001, 'returned', 3, { quarantine: true })
  await move(70_001, 'quarantined', 2)
  await move(70_001, 'unquarantined', 1, { reason: 'was "wet"\n' })
  await move(70_001, 'written_off', 1, { quarantine: true, reason: 'broken' })
  const count = (body: object) =>
    send('POST', '/api/stock/70001/count', { location: 'main', reason: 'inventory', actor: 'bo', ...body })
  await count({ counted: 80, external_id: 'c-1' })
  await count({ counted: 80 })
  await count({ counted: 9, as_of: '2026-01-01T00:00:00Z' })
  await move(70_002, 'received', 6)
  await move(70_002, 'adjusted', -2)
  await move(70_003, 'received', 1)
  await move(70_003, 'adjusted', -1)
  const settle = () =>
    settleDueItems({ pool: t.pool, now: Date.now, lowStockDefault: 5, onCommitted: () => undefined, log: testLog })
  await settle()
  await move(70_003, 'received', 9)
  await settle()
  await move(70_003, 'adjusted', -6)
}
