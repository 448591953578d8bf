import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { createMigratedDatabase } from './database.ts'
import { countInDatabase, queryDatabase } from './invariants.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

setDefaultTimeout(60_000)
afterEach(() => endServices())

/** Two instances on one database: the first will be killed. */
async function twoInstances() {
  const { address } = await createMigratedDatabase()
  const env = databaseEnv(address)
  const [one, other] = await Promise.all([startServiceProcess({ env }), startServiceProcess({ env })])
  return { address, one, other }
}

/** Undefined when the connection broke before there was an answer. */
async function send(service: ServiceProcess, path: string, key: string, body: unknown = {}) {
  try {
    const headers = { 'idempotency-key': key, 'content-type': 'application/json' }
    const request = { method: 'POST', headers, body: JSON.stringify(body), signal: AbortSignal.timeout(30_000) }
    const response = await fetch(service.url + path, request)
    const isReplayed = response.headers.get('idempotency-replayed') === 'true'
    return { status: response.status, isReplayed, etag: response.headers.get('etag'), text: await response.text() }
  } catch {
    return undefined
  }
}

/** Holds a lock until the work is done. */
async function whileLocked(address: PostgresAddress, lock: string, work: () => Promise<void>): Promise<void> {
  const client = new Client({ ...address, password: address.password ?? '' })
  await client.connect()
  try {
    await client.query('begin')
    await client.query(lock)
    await work()
    await client.query('commit')
  } finally {
    await client.end()
  }
}

/** @param statement what waits for the lock, by how it begins */
const isHeldUp = (address: PostgresAddress, statement: string) =>
  eventually(`the service waits for the lock to ${statement}`, async () => {
    const waiting = `select count(*) from pg_stat_activity
                      where datname = current_database() and wait_event_type = 'Lock' and query like '${statement}%'`
    return (await countInDatabase(address, waiting)) === 1
  })

test('kill -9 between the commit of an order and its response: the repeated request gets the first response', async () => {
  const { address, one, other } = await twoInstances()
  const [order] = makeOrders(1, 'killed')
  let unanswered: ReturnType<typeof send> | undefined
  await whileLocked(address, 'lock table idempotency_answers in share mode', async () => {
    unanswered = send(one, '/api/orders', 'k1', order)
    await isHeldUp(address, 'copy orders')
    // The rows are with the server by now. It commits as soon as it may, and the service cannot hear of it.
    one.kill('SIGSTOP')
  })
  const stored = async () => (await countInDatabase(address, 'select count(*) from orders')) === 1
  await eventually('the order is committed', stored)
  one.kill('SIGKILL')
  expect(await unanswered).toBeUndefined()
  expect((await send(other, '/api/orders/killed-0/hold', 'k2'))?.status).toBe(200)
  const again = await send(other, '/api/orders', 'k1', order)
  expect(again).toMatchObject({ status: 201, isReplayed: true, etag: '"1"' })
  expect(JSON.parse(again?.text ?? '')).toMatchObject({ order_uid: 'killed-0', status: 'confirmed', version: 1 })
  expect((await send(other, '/api/orders', 'k1', { ...order, locale: 'fr' }))?.status).toBe(422)
  expect(await countInDatabase(address, "select count(*) from events where type = 'order.placed'")).toBe(1)
})

test('kill -9 between the commit of a command and its response: the repeated request has no second effect', async () => {
  const { address, one, other } = await twoInstances()
  const [order] = makeOrders(1, 'held')
  await send(one, '/api/orders', 'k1', order)
  // A commit that waits for the holder of the lock.
  await queryDatabase(
    address,
    `create function wait_at_commit() returns trigger language plpgsql as
       'begin perform pg_advisory_xact_lock_shared(99); return null; end';
     create constraint trigger wait_at_commit after insert on order_transitions deferrable initially deferred
       for each row execute function wait_at_commit()`,
  )
  let unanswered: ReturnType<typeof send> | undefined
  await whileLocked(address, 'select pg_advisory_xact_lock(99)', async () => {
    unanswered = send(one, '/api/orders/held-0/hold', 'k2')
    await isHeldUp(address, 'commit')
    one.kill('SIGSTOP')
  })
  const isHeld = `select count(*) from orders where status = 'on_hold'`
  await eventually('the command is committed', async () => (await countInDatabase(address, isHeld)) === 1)
  one.kill('SIGKILL')
  expect(await unanswered).toBeUndefined()
  expect((await send(other, '/api/orders/held-0/confirm', 'k3'))?.status).toBe(200)
  const again = await send(other, '/api/orders/held-0/hold', 'k2')
  expect(again).toMatchObject({ status: 200, isReplayed: true, etag: '"2"' })
  expect(await countInDatabase(address, isHeld)).toBe(0)
})

test('kill -9 before the commit: the repeated request must wait, and does the work once the claim has expired', async () => {
  const { address, one, other } = await twoInstances()
  const [order] = makeOrders(1, 'waiting')
  await send(one, '/api/orders', 'k1', order)
  let unanswered: ReturnType<typeof send> | undefined
  await whileLocked(address, 'lock table order_transitions in share mode', async () => {
    unanswered = send(one, '/api/orders/waiting-0/hold', 'k2')
    await isHeldUp(address, 'copy order_transitions')
    one.kill('SIGKILL')
    expect(await unanswered).toBeUndefined()
    expect((await send(other, '/api/orders/waiting-0/hold', 'k2'))?.status).toBe(409)
  })
  await queryDatabase(address, 'update idempotency_claims set claimed_until = now()')
  const again = await send(other, '/api/orders/waiting-0/hold', 'k2')
  expect(again).toMatchObject({ status: 200, isReplayed: false, etag: '"2"' })
  expect(await send(other, '/api/orders/waiting-0/hold', 'k2')).toMatchObject({ status: 200, isReplayed: true })
  expect(await countInDatabase(address, 'select count(*) from order_transitions')).toBe(1)
})

test('a storm of one key over two instances has one effect', async () => {
  const { address, one, other } = await twoInstances()
  const [order] = makeOrders(1, 'storm')
  const senders = Array.from({ length: 100 }, (_, index) =>
    send(index % 2 === 0 ? one : other, '/api/orders', 'k', order),
  )
  const answers = await Promise.all(senders)
  expect(answers.filter(answer => answer?.status === 201 && !answer.isReplayed)).toHaveLength(1)
  expect(answers.filter(answer => answer?.status !== 409 && answer?.status !== 201)).toEqual([])
  expect(await countInDatabase(address, 'select count(*) from events')).toBe(1)
  const last = await send(other, '/api/orders', 'k', order)
  expect(last).toMatchObject({ status: 201, isReplayed: true })
})
