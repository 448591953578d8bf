import { expect, test } from 'bun:test'
import { Registry } from '../metrics.ts'
import { createConsumerLag } from './consumer-lag.ts'

test('each gauge has the messages of its topic, by the partitions that this instance has now', async () => {
  const lag = createConsumerLag()
  const registry = new Registry()
  lag.record(registry)
  const orders = lag.noteBy('orders_lag', 'orders')
  lag.noteBy('reports_lag', 'reports')(new Map([[4, 2]]))
  orders(
    new Map([
      [0, 5],
      [1, 7],
    ]),
  )
  expect([lag.messagesBehind('orders_lag'), lag.messagesBehind('reports_lag'), lag.messagesBehind('none')]).toEqual([
    ...[12, 2, 0],
  ])
  orders(new Map([[1, 3]]))
  const metrics = await registry.metrics()
  expect(metrics).toContain('orders_lag{partition="1"} 3')
  expect(metrics).not.toContain('orders_lag{partition="0"}')
  expect(metrics).toContain('reports_lag{partition="4"} 2')
})
