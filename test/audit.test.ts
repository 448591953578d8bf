import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createAuditMetrics, runAudit } from '../src/audit.ts'
import { modules } from '../src/modules.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { createRegistry } from '../src/platform/metrics.ts'
import { auditDatabase } from '../src/verify.ts'
import { createTestApp, type TestApp } from './app.ts'
import { eventually, testLog } from './kafka.ts'
import { valuesOf } from './settings.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})
afterAll(() => t.close())

async function place(name: string): Promise<void> {
  const body = exampleOrder(name, Date.now(), Math.random)
  expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
}

async function metric(name: string, registry = t.app.context.registry): Promise<number> {
  const text = await registry.metrics()
  return Number(
    text
      .split('\n')
      .find(line => line.startsWith(`${name} `))
      ?.slice(name.length),
  )
}

test('a broken guarantee of a new order is counted, and the time of the check is exported', async () => {
  await place('good')
  await place('bad')
  expect(await metric('invariant_violations_total{invariant="order-document"}')).toBe(0)
  await t.pool.query(`update orders set amount = amount + 1 where order_uid = 'bad'`)
  const stop = new AbortController()
  const registry = createRegistry()
  const nowMs = Date.now() + 3_600_000
  const auditing = runAudit(
    {
      pool: t.pool,
      metrics: createAuditMetrics(registry, modules, Date.now()),
      modules,
      ...valuesOf(),
      now: () => nowMs,
      log: testLog,
      pauseMs: 5,
    },
    stop.signal,
  )
  await eventually(
    'it is counted',
    async () => (await metric('invariant_violations_total{invariant="order-document"}', registry)) > 0,
  )
  expect(await metric('invariants_checked_timestamp_seconds', registry)).toBeCloseTo(nowMs / 1000, 3)
  expect(await metric('invariant_violations_total{invariant="order-state"}', registry)).toBe(0)
  stop.abort()
  await auditing
})

test('only the newest orders are checked', async () => {
  const batch = await t.call('POST', '/api/orders/batch', {
    headers: { 'content-type': 'application/x-ndjson' },
    body: Array.from({ length: 250 }, (_, index) =>
      JSON.stringify(exampleOrder(`later-${index}`, Date.now(), Math.random)),
    ).join('\n'),
  })
  expect(await batch.text()).toContain('{"complete":true,"count":250,"placed":250,')
  const results = await auditDatabase(t.pool, modules, { ...valuesOf(), nowMs: Date.now() })
  expect(results.filter(({ broken }) => broken > 0)).toEqual([])
  await t.pool.query(`delete from order_items where order_uid = 'later-249'`)
  const [found] = (await auditDatabase(t.pool, modules, { ...valuesOf(), nowMs: Date.now() })).filter(
    ({ broken }) => broken > 0,
  )
  expect(found).toMatchObject({ invariant: 'order-items', examples: ['later-249'] })
})
