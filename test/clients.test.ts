import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exampleOrder } from '../src/orders/example.ts'
import { type Generate, go, heyApi, java, openapiFetch, python } from './clients/generate.ts'
import { orSkipped, run } from './clients/toolchain.ts'
import { filled } from './embedded-servers.ts'
import { endServices, newServiceDataDir, type ServiceProcess, startServiceProcess } from './service-process.ts'

/**
 * Clients that generators make of docs/openapi.json, in four languages: compiled, and used against a running service. Each
 * program places orders, reads one, goes through the pages, cancels, asks for several statuses, meets a problem, and sends a batch.
 */

const timeoutMs = 400_000
const key = 'a-key-of-forty-characters-for-clients-0001'
let service: ServiceProcess
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'orders-clients-'))
  const env = {
    DATA_DIR: await filled(newServiceDataDir()),
    API_KEYS: `${key}=orders:read+orders:write`,
    LOG_LEVEL: 'warn',
  }
  service = await startServiceProcess({ env })
}, 120_000)
afterAll(async () => {
  await endServices()
  rmSync(folder, { recursive: true, force: true })
})

/** Four orders of a customer of their own; amounts, ids and the time of the first are beyond 32 bits. */
function ordersOf(customer: string) {
  const [first, ...others] = [0, 1, 2, 3].map(index => ({
    ...exampleOrder(`${customer}-${index}`, Date.UTC(2026, 0, 15, 12, index), () => 0),
    customer_id: customer,
  }))
  const [item] = first?.items ?? []
  if (first === undefined || item === undefined) throw new Error('an example has no item')
  // 1,300 dollars in rupiah, in sen.
  const price = 2_171_000_000
  const big = {
    ...first,
    payment: {
      ...first.payment,
      currency: 'IDR',
      amount: price + 9_000_000_000_000_000,
      goods_total: price,
      delivery_cost: 9_000_000_000_000_000,
      custom_fee: 0,
      payment_dt: 4_102_444_800,
    },
    items: [
      {
        ...item,
        chrt_id: 9_007_199_254_740_991,
        nm_id: 2_389_212_000,
        price,
        sale: 0,
        total_price: price,
        status: -9_000_000_000,
        gift: { wrapped: true },
      },
    ],
    sm_id: 5_000_000_000,
    // A field that the contract does not know comes back, too.
    note: 'leave at the door',
  }
  return [big, ...others]
}

const clients: [string, Generate][] = [
  ['openapi-typescript', openapiFetch],
  ['hey-api', heyApi],
  ['openapi-python-client', python],
  ['oapi-codegen', go],
  ['openapi-generator-java', java],
]

test.each(clients)(
  'the client of %s compiles and does everything',
  async (name, generate) => {
    const place = join(folder, name)
    const made = await orSkipped(generate(mkdtempSync(`${place}-`)))
    if (made === undefined) return
    const orders = ordersOf(name)
    const uids = orders.map(order => order.order_uid)
    const input = `${place}.json`
    writeFileSync(input, JSON.stringify(orders))
    const [program, ...args] = made.command
    const answer = JSON.parse(await run([program, ...args, service.url, key, input], { env: made.env ?? {} }))
    expect(answer).toMatchObject({
      read: { ...orders[0], status: 'confirmed', version: 1 },
      paged: [uids[2], uids[1], uids[0]],
      cancelled: ['cancelled', 2],
      some: [uids[1]],
      missing: [404, 'ORDER_NOT_FOUND'],
      batch: ['placed', true, 1],
    })
  },
  timeoutMs,
)
