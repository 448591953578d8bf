import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { randomUUID } from 'node:crypto'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { consumerOfCommands } from '../../test/topic-consumers.ts'
import { expireUnpaid } from './commands.ts'
import { exampleOrder } from './example.ts'

// The app of a test listens to nothing: what it knows of changes it knows by itself.
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

/** Places an order and reads it, so that it is cached. @returns its uid */
async function placeAndRead(isPaid = true): Promise<string> {
  const order = exampleOrder(randomUUID(), Date.now(), Math.random)
  if (!isPaid) order.payment.payment_dt = 0
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  expect(await read(order.order_uid)).toBe(isPaid ? 'confirmed 1' : 'pending 1')
  return order.order_uid
}

async function read(orderUid: string): Promise<string> {
  const { status, version } = (await (await t.call('GET', `/api/orders/${orderUid}`)).json()) as Record<string, unknown>
  return `${status} ${version}`
}

const command = async (path: string, headers = {}) => (await t.call('POST', `/api/orders/${path}`, { headers })).status

describe('an instance reads what it has changed, before any notification, when that was', () => {
  test('a command by HTTP', async () => {
    const uid = await placeAndRead()
    expect(await command(`${uid}/hold`)).toBe(200)
    expect(await read(uid)).toBe('on_hold 2')
    expect(await command(`${uid}/confirm`)).toBe(200)
    expect(await read(uid)).toBe('confirmed 3')
    expect(await command(`${uid}/complete`)).toBe(200)
    expect(await read(uid)).toBe('completed 4')
    const other = await placeAndRead()
    expect(await command(`${other}/cancel`)).toBe(200)
    expect(await read(other)).toBe('cancelled 2')
  })

  test('a command by Kafka', async () => {
    const uid = await placeAndRead()
    const consume = consumerOfCommands({ carryOut: t.app.carryOut, pool: t.pool })
    const value = Buffer.from(JSON.stringify({ command_id: randomUUID(), order_uid: uid, command: 'hold' }))
    const place = { topic: 'orders.commands', partition: 0, offset: 1n, key: null, headers: [], timestampMs: 0 }
    await consume([{ ...place, value }])
    expect(await read(uid)).toBe('on_hold 2')
  })

  test('the expiry of an unpaid order', async () => {
    const uid = await placeAndRead(false)
    const nowMs = Date.now()
    const limits = { unpaidSinceMs: nowMs + 60_000, ordersMax: 100, nowMs, onChanged: t.app.cache.forget }
    expect(await expireUnpaid(t.pool, limits)).toBe(1)
    expect(await read(uid)).toBe('expired 2')
  })

  test('the replay of a dead letter', async () => {
    const uid = await placeAndRead()
    const message = JSON.stringify({ command_id: randomUUID(), order_uid: uid, command: 'cancel' })
    const [id] = await seedDeadLetters(t.pool, 'TRANSITION_REFUSED', [message])
    const body = { actor: 'ada', reason: 'test' }
    expect((await t.call('POST', `/api/dead-letters/${id}/replay`, { body })).status).toBe(200)
    expect(await read(uid)).toBe('cancelled 2')
  })

  test('a change of another instance that this one reports: in a refusal, or in a replayed answer', async () => {
    const other = await createTestApp({ pool: t.pool })
    const byOther = (path: string, headers = {}) => other.call('POST', `/api/orders/${path}`, { headers })
    const [refused, repeated] = [await placeAndRead(), await placeAndRead()]
    expect((await byOther(`${refused}/hold`)).status).toBe(200)
    expect(await command(`${refused}/hold`, { 'if-match': '"1"' })).toBe(412)
    expect(await read(refused)).toBe('on_hold 2')
    const key = { 'idempotency-key': randomUUID() }
    expect((await byOther(`${repeated}/hold`, key)).status).toBe(200)
    expect(await command(`${repeated}/hold`, key)).toBe(200)
    expect(await read(repeated)).toBe('on_hold 2')
    await other.close()
  })

  test('a command whose commit was not answered', async () => {
    const uid = await placeAndRead()
    const carrying = t.app.carryOut({
      orderUid: uid,
      command: 'hold',
      reason: '',
      actor: '',
      keepAnswer: async client => {
        // Behind this the transaction is committed, and its answer does not arrive.
        const query = client.query.bind(client)
        const broken = { query: async (text: string) => (text === 'commit' ? query(text).then(fail) : query(text)) }
        Object.assign(client, broken)
      },
    })
    expect(carrying).rejects.toThrow('the connection was lost')
    await carrying.catch(() => undefined)
    expect(await read(uid)).toBe('on_hold 2')
  })
})

function fail(): never {
  throw new Error('the connection was lost')
}
