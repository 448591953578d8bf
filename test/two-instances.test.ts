import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase, createTestDatabase } from './database.ts'
import { post } from './http-load.ts'
import { countInDatabase, queryDatabase } from './invariants.ts'
import { eventually, kafkaAvailability, lastOutdatedMs, otherClient, testBroker } from './kafka.ts'
import { beginRun, expectPromises, sendShare } from './kafka-run.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

setDefaultTimeout(300_000)
afterEach(() => endServices())

/** How soon an instance must know what another one has changed. */
const newsDeadlineMs = 1_000

async function twoOnOneDatabase() {
  const { address } = await createMigratedDatabase()
  const env = databaseEnv(address)
  const [one, other] = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
  return { address, one, other }
}

describe('two instances on one database', () => {
  test('they start at once on an empty database: each migration is applied once', async () => {
    const { address } = await createTestDatabase(async () => undefined)
    const env = databaseEnv(address)
    const services = await Promise.all(Array.from({ length: 4 }, () => startServiceProcess({ env })))
    expect(await countInDatabase(address, 'select count(*) from orders')).toBe(0)
    for (const { url } of services) expect((await fetch(`${url}/readyz`)).status).toBe(200)
  })

  test('an order placed by one is read by the other at once', async () => {
    const { one, other } = await twoOnOneDatabase()
    for (const order of makeOrders(20, 'news')) {
      const path = `/api/orders/${order.order_uid}`
      expect((await fetch(other.url + path)).status).toBe(404)
      expect((await post(one.url, JSON.stringify(order)))?.status).toBe(201)
      expect((await fetch(other.url + path)).status).toBe(200)
    }
  })

  test('a change by any client of the database reaches both, which had the order cached', async () => {
    const { address, one, other } = await twoOnOneDatabase()
    const [order] = makeOrders(1, 'changed')
    await post(one.url, JSON.stringify(order))
    const read = async (url: string) => JSON.parse(await (await fetch(`${url}/api/orders/changed-0`)).text())
    for (let version = 2; version <= 6; version += 1) {
      for (const { url } of [one, other]) expect((await read(url)).version).toBe(version - 1)
      const status = version % 2 === 0 ? 'on_hold' : 'confirmed'
      await queryDatabase(
        address,
        `update orders set status = '${status}', version = version + 1, updated_at = now() where order_uid = 'changed-0'`,
      )
      for (const { url } of [one, other]) {
        const isNews = async () => (await read(url)).status === status
        expect(await lastOutdatedMs(`the change is seen at ${url}`, isNews)).toBeLessThan(newsDeadlineMs)
        const answer = await fetch(`${url}/api/orders/changed-0`)
        expect(answer.headers.get('etag')).toBe(`"${version}"`)
      }
    }
  })

  test('one that has lost its connections to the database does not serve its cache', async () => {
    const { address, one, other } = await twoOnOneDatabase()
    const [order] = makeOrders(1, 'missed')
    await post(one.url, JSON.stringify(order))
    const statusAt = async (url: string) => JSON.parse(await (await fetch(`${url}/api/orders/missed-0`)).text()).status
    expect(await statusAt(other.url)).toBe('confirmed')
    await queryDatabase(
      address,
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'orders listener';
       update orders set status = 'on_hold', version = version + 1, updated_at = now() where order_uid = 'missed-0'`,
    )
    for (const { url } of [one, other]) {
      await eventually('the missed change is seen', async () => (await statusAt(url)) === 'on_hold')
    }
  })
})

describe.skipIf(kafkaAvailability() !== null)('two instances in one consumer group', () => {
  test('they divide the partitions; one takes over all of them when the other is killed or stopped', async () => {
    const brokers = await testBroker()
    const { address } = await createMigratedDatabase()
    const run = await beginRun(brokers, 'shared', { address, env: databaseEnv(address) })
    let other = await startServiceProcess({ env: run.env })
    const consumers = () => membersWithPartitions(brokers, run.topics.group)
    await eventually('both have partitions', async () => (await consumers()) === 2)
    await sendShare(run, 0, 0.4)
    const consumed = /^orders_received_total\{[^}]*source="kafka"[^}]*\} ([1-9]\d*)/m
    for (const { url } of [run.service, other]) {
      await eventually('each has consumed', async () => consumed.test(await (await fetch(`${url}/metrics`)).text()))
    }
    const sending = sendShare(run, 0.4, 0.7)
    run.service.kill('SIGKILL')
    await run.service.exited
    await sending
    run.service = other
    await eventually('the other has all partitions', async () => (await consumers()) === 1, 30_000)
    other = await startServiceProcess({ env: run.env })
    await eventually('both have partitions again', async () => (await consumers()) === 2, 30_000)
    const last = sendShare(run, 0.7, 1)
    other.kill('SIGTERM')
    expect(await other.exited).toEqual({ code: 0, signal: null })
    await last
    await expectPromises(run)
  })
})

/** How many members of a group have partitions, as the broker sees it. */
async function membersWithPartitions(brokers: readonly string[], group: string): Promise<number> {
  const admin = otherClient(brokers).admin()
  await admin.connect()
  const { groups } = await admin.describeGroups([group])
  await admin.disconnect()
  // An assignment without partitions is a version, an empty list of topics and nothing else.
  return (groups[0]?.members ?? []).filter(({ memberAssignment }) => memberAssignment.length > 10).length
}
