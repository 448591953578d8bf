import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { post, startPosting } from './http-load.ts'
import { expectConsistent, expectOrders } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

/** Large ones, so that few of them are as much as may wait. */
const largeOrders = makeOrders(100, 'large').map(order => ({ ...order, note: 'x'.repeat(900_000) }))
const small = JSON.stringify(makeOrders(1, 'small')[0])

test('while the database hangs a bounded number of orders waits; the others are sent again, and in the end all are placed', async () => {
  const { address } = await createMigratedDatabase()
  const service = await startServiceProcess({ env: databaseEnv(address) })
  const blocker = await lockOrders(address)
  const load = startPosting({ urls: () => [service.url], orders: largeOrders, senders: largeOrders.length })
  await eventually('as much waits as may', async () => (await ordersWaiting(service.url)) > fullOrders)
  const refusal = await post(service.url, small)
  expect(refusal?.status).toBe(503)
  expect(refusal?.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(refusal?.text).toContain('"code":"OVERLOADED"')
  expect((await fetch(`${service.url}/livez`)).status).toBe(200)
  await blocker.end()
  await load.finished
  expect(load.problems.slice(0, 5)).toEqual([])
  expect((await post(service.url, small))?.status).toBe(201)
  const sent = new Map(load.sent).set('small-0', small)
  await expectOrders(service.url, sent, sent.keys())
  await expectConsistent(address)
})

/** Orders of this size are as much as may wait: 64 MiB. */
const fullOrders = 70

async function ordersWaiting(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  return Number(/^orders_waiting (\d+)$/m.exec(text)?.[1])
}

/** Holds everybody off the orders until the connection ends. */
async function lockOrders(address: PostgresAddress): Promise<Client> {
  const client = new Client({ ...address, password: address.password ?? '' })
  await client.connect()
  await client.query('begin')
  await client.query('lock table orders in access exclusive mode')
  return client
}
