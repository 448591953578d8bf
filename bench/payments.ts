import { exampleOrder } from '../src/orders/example.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Findings, residentFigures } from './figures.ts'
import { describeFailures, runLoad } from './load.ts'
import { payableUid } from './load-requests.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const connections = 64
const secondsDefault = 20
/** Until the compilers of the runtime have done most of their work. */
const warmUpSeconds = 10
/** More than can be paid in a second. */
const perSecondMax = 4_000
const batchOrders = 5_000

/** Payments through the sandbox, authorized and captured, durable before the answer, with two events, two transfers and the order's own. */
export async function benchPayments(context: BenchmarkContext): Promise<Findings> {
  const { environment, profileFolder } = context
  const seconds = context.seconds ?? secondsDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  const service = await startServiceProcess({
    folder: environment.folder,
    environment: databaseSettings(address),
    profileFolder,
  })
  try {
    context.note('payments: placing orders')
    await placeOrders(service.url, (seconds + warmUpSeconds) * perSecondMax)
    // As autovacuum has it done long before a shop has this many orders.
    await withClient(address, client => client.query('vacuum analyze'))
    await settle(address)
    context.note(`payments: the service, ${seconds} s`)
    const endWatch = watchProcessors({ service: service.pid, PostgreSQL: server.processId() })
    const load = { port: service.port, connections, seconds, warmUpSeconds }
    const result = await runLoad({ ...load, requests: { kind: 'pay-orders' } })
    const processors = describeProcessors(endWatch(), result.generatorCores)
    const { rows } = await withClient(address, client =>
      client.query<{ captured: number }>("select count(*)::int as captured from payments where state = 'captured'"),
    )
    if ((rows[0]?.captured ?? 0) < result.succeeded) throw new Error('a payment was answered and is not captured')
    return {
      figures: [
        {
          what: `payments, ${connections} connections`,
          value: result.perSecond,
          unit: 'payments/s',
          must: { of: 'value', atLeast: 2_000 },
          aim: { of: 'value', atLeast: 4_000 },
        },
        { what: 'p99', value: result.p99Ms, unit: 'ms' },
        { what: 'p50', value: result.p50Ms, unit: 'ms' },
        ...residentFigures(residentMaxMib(service.pid)),
      ],
      notes: [
        `the service: ${processors}; every answered payment is captured`,
        ...[describeFailures(result) ?? []].flat(),
      ],
    }
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

/** Unpaid orders of one amount, so that all answers have one length. */
async function placeOrders(url: string, count: number): Promise<void> {
  const order = exampleOrder(payableUid(0), Date.now(), () => 0)
  order.payment.payment_dt = 0
  const text = JSON.stringify(order)
  for (let first = 0; first < count; first += batchOrders) {
    const lines = Array.from({ length: Math.min(batchOrders, count - first) }, (_, index) =>
      text.replaceAll(payableUid(0), payableUid(first + index)),
    )
    const headers = { 'content-type': 'application/x-ndjson' }
    const response = await fetch(`${url}/api/orders/batch`, { method: 'POST', headers, body: `${lines.join('\n')}\n` })
    const { complete } = JSON.parse((await response.text()).trimEnd().split('\n').at(-1) ?? '{}') as {
      complete?: boolean
    }
    if (complete !== true) throw new Error('the orders to be paid could not be placed')
  }
}
