import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { beginErasure, continueErasure } from '../src/customers/erase.ts'
import { modules } from '../src/modules.ts'
import { runErasures } from '../src/customers/worker.ts'
import type { OrderDocument } from '../src/orders/document.ts'
import { lockOrder } from '../src/orders/order-locks.ts'
import { inTransaction } from '../src/platform/postgres.ts'
import { attachParcels } from '../src/tracking/attach.ts'
import { appOn } from './app.ts'
import { cartActions, openShop } from './carts.ts'
import { brokenRules } from './invariants.ts'
import { eventually, testLog } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { startReceiver } from './receiver.ts'
import { environmentOf, runCli } from './run-cli.ts'
import { seedDeadLetters } from './seed-dead-letters.ts'
import { consumerOfOrders } from './topic-consumers.ts'
import { createWebhookApp } from './webhooks.ts'

/** Nothing of an erased customer is left in any table, and what was sent of the customer's orders does not come back. */

let t: Awaited<ReturnType<typeof createWebhookApp>>
const actionsOf = () => cartActions(t.call)

beforeAll(async () => {
  t = await createWebhookApp()
  await openShop(t)
})

afterAll(async () => {
  try {
    expect(await brokenRules(t.pool)).toEqual([])
  } finally {
    await t.close()
  }
})

/** Stands in every text of the recipient, and in no other row. */
const mark = 'orblax'
const phone = '+99 000 777 000 777'
const recipient = {
  ...{ name: `Z${mark} Quux`, phone, zip: `Z${mark}7`, city: `Z${mark}burg`, address: `7 Z${mark} Street` },
  ...{ region: `Z${mark}shire`, email: `z${mark}@example.com`, country: 'GB' },
}

function ordersOf(customerId: string, count: number, prefix = customerId): OrderDocument[] {
  return makeOrders(count, prefix).map(order => ({
    ...order,
    customer_id: customerId,
    delivery: recipient,
    gift: { to: recipient.name },
  }))
}

const options = () => ({ pool: t.pool, modules, now: Date.now })

type ErasedJson = { id: string; state: string; erased: Record<string, number>; not_reached: string[]; code?: string }

async function erase(customerId: string): Promise<{ status: number; json: ErasedJson }> {
  const body = { reason: 'asked for', actor: 'ada' }
  return t.ask<ErasedJson>('POST', `/api/customers/${encodeURIComponent(customerId)}/erase`, body)
}

/** The tables that have a text with the mark or the phone number, also within bytes. */
async function findTraces(): Promise<string[]> {
  const { rows: tables } = await t.pool.query<{ name: string }>(
    `select relname as name from pg_class
      where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition order by 1`,
  )
  const texts = [mark, phone].flatMap(text => [
    text,
    Buffer.from(text).toString('hex'),
    Buffer.from(text).toString('base64').slice(0, 7),
  ])
  const found: string[] = []
  for (const { name } of tables) {
    const { rows } = await t.pool.query<{ n: number }>(
      `select count(*)::int as n from "${name}" x where exists (select from unnest($1::text[]) sought where position(sought in x::text) > 0)`,
      [texts],
    )
    if (rows[0]?.n !== 0) found.push(name)
  }
  return found
}

test('every table of every module says what is erased of it', async () => {
  const { rows } = await t.pool.query<{ column: string }>(
    `select table_name || '.' || column_name as column from information_schema.columns where table_schema = current_schema()`,
  )
  const columns = new Set(rows.map(({ column }) => column))
  for (const { name, tables = [], erase } of modules) {
    const said = Object.keys(erase?.columns ?? {})
    expect([name, said.toSorted()]).toEqual([name, tables.map(table => table.name).toSorted()])
    const named = Object.entries(erase?.columns ?? {}).flatMap(([table, fields]) =>
      fields.map(field => `${table}.${field}`),
    )
    expect(named.filter(column => !columns.has(column))).toEqual([])
    const hasWay = erase?.steps !== undefined || erase?.ofOrders !== undefined
    expect([name, named.length > 0 && name !== 'orders' ? hasWay : true]).toEqual([name, true])
  }
})

describe('an erased customer', () => {
  const customerId = 'c/zed "7"'
  const [kept, ...orders] = ordersOf(customerId, 5, 'zed') as [OrderDocument, ...OrderDocument[]]
  const lines = () => orders.map(order => `${JSON.stringify(order)}\n`).join('')

  test('leaves no trace in any table, and every number as it was', async () => {
    const receiver = await startReceiver((received, response) => {
      const isOfCart = received.body.includes('"cart.')
      response.end(isOfCart ? `mailed to ${recipient.email}` : received.body)
      return undefined
    })
    const { id: webhook } = await t.subscribe(receiver.url)
    const delivering = t.deliver()
    const place = (body: unknown, key: string) =>
      t.call('POST', '/api/orders', { body, headers: { 'idempotency-key': key } })
    expect((await place(kept, 'kept')).status).toBe(201)
    await (await t.call('POST', '/api/orders/batch', { body: lines() })).text()
    const path = `/api/orders/${kept.order_uid}/delivery`
    const body = { address: `8 Z${mark} Street`, reason: 'moved' }
    expect((await t.call('POST', path, { body, headers: { 'idempotency-key': 'moved' } })).status).toBe(200)
    await fillCarts()
    const letters = await fillDeadLetters(kept)
    await fillParcel(kept)
    await eventually('the receiver was called', async () => (await t.deliveries(webhook)).length >= 6)
    await delivering.stop()
    await receiver.close()
    const numbers = () =>
      t.pool.query('select order_uid, amount, customer_id, document::json -> $1 as payment from orders order by 1', [
        'payment',
      ])
    const before = await numbers()
    expect(await findTraces()).toEqual([
      ...['carts', 'dead_letter_history', 'dead_letters', 'idempotency_answers', 'order_corrections', 'orders'],
      ...['parcel_checkpoints', 'webhook_deliveries'],
    ])

    const { status, json } = await erase(customerId)
    expect({ status, state: json.state }).toEqual({ status: 200, state: 'finished' })
    expect(json.erased).toMatchObject({ orders: 6, dead_letters: letters, carts: 3, idempotency_answers: 3 })
    expect(json.erased.webhook_deliveries).toBeGreaterThanOrEqual(6)
    expect(json.not_reached).toContain('backups and exports that were made before')
    expect(await findTraces()).toEqual([])
    expect((await numbers()).rows).toEqual(before.rows)
    expect(await brokenRules(t.pool)).toEqual([])
    expect((await erase(customerId)).json.erased).toMatchObject({ orders: 0, dead_letters: 0, carts: 0 })
  })

  test('has orders that read back with the country alone, here and on another instance', async () => {
    const url = `http://localhost/api/orders/${kept.order_uid}`
    const read = (await (await t.app.fetch(new Request(url))).json()) as OrderDocument
    const { gift, ...known } = kept as OrderDocument & { gift: unknown }
    expect(gift).toBeDefined()
    expect(read).toMatchObject({ ...known, delivery: { name: '', email: 'nobody@invalid', country: 'GB' } })
    expect(read).not.toHaveProperty('gift')
    expect(await (await appOn(t.pool).fetch(new Request(url))).json()).toEqual(read)
    const events = await t.ask<{ type: string }[]>('GET', `/api/orders/${kept.order_uid}/events`)
    const told = events.json.map(({ type }) => type).filter(type => type.startsWith('order.'))
    expect(told).toEqual(['order.placed', 'order.delivery_corrected', 'order.erased'])
    expect(JSON.stringify(events.json)).not.toContain(mark)
    const replayed = await t.call('POST', '/api/orders', { body: kept, headers: { 'idempotency-key': 'kept' } })
    expect([replayed.status, replayed.headers.get('idempotency-replayed')]).toEqual([201, 'true'])
    expect(await replayed.text()).not.toContain(mark)
  })

  test('does not come back: what was sent is a duplicate over HTTP, in a batch and by Kafka; other content is a conflict', async () => {
    const { order_uid: uid, ...rest } = kept
    const reordered = { ...rest, order_uid: uid }
    expect((await t.ask('POST', '/api/orders', reordered)).status).toBe(200)
    const batch = await (await t.call('POST', '/api/orders/batch', { body: lines() })).text()
    expect(batch.match(/"outcome":"duplicate"/g)).toHaveLength(4)
    const consume = consumerOfOrders({ intake: t.app.intake, pool: t.pool })
    const value = Buffer.from(JSON.stringify(kept))
    const message = { topic: 'orders', partition: 0, offset: 9_000n, key: null, value, headers: [], timestampMs: 0 }
    await consume([message])
    expect((await t.ask<ErasedJson>('POST', '/api/orders', { ...kept, entry: 'other' })).json.code).toBe(
      'ORDER_CONFLICT',
    )
    expect(await findTraces()).toEqual([])
  })

  test('cannot be given a recipient again', async () => {
    const answer = await t.ask<ErasedJson>('POST', `/api/orders/${kept.order_uid}/delivery`, { name: 'Bo' })
    expect([answer.status, answer.json.code]).toEqual([409, 'TRANSITION_REFUSED'])
  })

  /** A cart that was checked out with a key, one that is open and remembered, and a guest's that was merged into it. */
  async function fillCarts(): Promise<void> {
    const { fill, cart, checkOut } = actionsOf()
    const mine = { customer_id: customerId, email: recipient.email, delivery: recipient }
    const checked = await checkOut(await fill(mine), 'tok_approve', { 'idempotency-key': 'bought' })
    expect(checked.status).toBe(201)
    const open = await fill({ ...mine, note: `for ${recipient.name}`, metadata: { to: recipient.name } })
    const guest = await fill({ ...mine, customer_id: null })
    expect((await cart('POST', `/${open.id}/merge`, { from: guest.id, rule: 'max' })).status).toBe(200)
    if ((await t.pool.query('select from carts where merged_into is not null and email is not null')).rowCount === 0) {
      // The service forgets the recipient of a merged cart itself; an older version did not.
      await t.pool.query('update carts set email = $2 where cart_id = $1', [guest.id, recipient.email])
    }
  }

  const signed = { code: 'DL', status: 'delivered', occurred_local: '2026-11-28T09:30:00', text: `signed by Z${mark}` }
  const report = { tracking_number: 'PARCEL7', checkpoints: [signed] }

  /** A shipment of the order, of whose parcel the carrier says who signed for it. */
  async function fillParcel(order: OrderDocument): Promise<void> {
    const path = `/api/orders/${order.order_uid}/shipments`
    const planned = await t.call('POST', path, { body: { rids: order.items.map(({ rid }) => rid) } })
    const { id: shipmentId } = (await planned.json()) as { id: string }
    const attachment = {
      orderUid: order.order_uid,
      shipmentId,
      number: 'PARCEL7',
      carrier: '',
      shippedSinceMs: Date.now(),
    }
    await inTransaction(t.pool, client => attachParcels(client, [attachment], Date.now()))
    expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body: report })).status).toBe(200)
  }

  test('keeps the words of a carrier away, which reports them again, and others later or by another number', async () => {
    const told = async (body: object) =>
      expect((await t.call('POST', '/api/deliveries/webhooks/generic', { body })).status).toBe(200)
    await told(report)
    const later = { ...signed, code: 'PU', status: 'picked_up', occurred_local: '2026-11-27T09:30:00' }
    await told({ ...report, checkpoints: [signed, later] })
    expect(await findTraces()).toEqual([])
    const { rows } = await t.pool.query('select text from parcel_checkpoints order by occurred_local')
    expect(rows).toEqual([{ text: '(erased)' }, { text: '(erased)' }])
    await told({ ...report, tracking_number: 'PARCEL8' })
    expect(await findTraces()).toEqual(['parcel_checkpoints'])
    const [shipment] = (await t.ask<{ id: string }[]>('GET', `/api/orders/${kept.order_uid}/shipments`)).json
    const body = { tracking_numbers: [{ number: 'PARCEL8' }] }
    expect((await t.call('POST', `/api/shipments/${shipment?.id}/update`, { body })).status).toBe(200)
    expect(await findTraces()).toEqual([])
    expect(await brokenRules(t.pool)).toEqual([])
  })

  /** Letters that name the customer, or an order of the customer's, in whatever form; and two that do not. @returns how many do */
  async function fillDeadLetters(order: OrderDocument): Promise<number> {
    const foreign = { ...order, customer_id: 'another', entry: 7 }
    const reported = { tracking_number: 'par-cel 7', checkpoints: [{ ...signed, occurred_local: 'yesterday' }] }
    const whole = [{ ...order, entry: 7 }, JSON.stringify(order).slice(0, -5), foreign, { ...order, items: [] }]
    const theirs = [...whole, reported]
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', theirs)
    await seedDeadLetters(t.pool, 'ORDER_INVALID', [{ order_uid: order.order_uid, command: 'hold' }, 'noise', null])
    expect(
      (await t.call('POST', `/api/dead-letters/${ids[0]}/replay`, { body: { actor: 'ada', json: order } })).status,
    ).toBe(200)
    return theirs.length
  }
})

describe('an erasure', () => {
  test('goes on where it was stopped, and does not count twice', async () => {
    for (const order of ordersOf('stopped', 3)) await t.ask('POST', '/api/orders', order)
    const whom = { customerId: 'stopped', orderUid: undefined }
    const asked = { whom, reason: '', actor: 'ada' }
    const begun = await beginErasure(options(), asked)
    let portions = 0
    const stopped = await continueErasure(options(), begun, () => portions++ < 2)
    expect(stopped.step).toBeDefined()
    expect((await beginErasure(options(), asked)).erasureId).toBe(begun.erasureId)
    const { json } = await erase('stopped')
    expect(json).toMatchObject({ id: begun.erasureId, state: 'finished', erased: { orders: 3 } })
  })

  test('of two at once has one effect, while the orders change', async () => {
    const orders = ordersOf('busy', 40)
    await (
      await t.call('POST', '/api/orders/batch', { body: orders.map(order => `${JSON.stringify(order)}\n`).join('') })
    ).text()
    const ship = async ({ order_uid: uid, items }: OrderDocument) => {
      const number = { number: `BUSY-${uid}` }
      const plan = { rids: items.map(({ rid }) => rid), tracking_numbers: [number] }
      const planned = await t.call('POST', `/api/orders/${uid}/shipments`, { body: plan })
      const { id } = (await planned.json()) as { id: string }
      const shipped = await t.call('POST', `/api/shipments/${id}/ship`, { body: {} })
      const checkpoints = [{ code: 'IT', status: 'in_transit', occurred_local: new Date().toISOString().slice(0, 19) }]
      const body = { tracking_number: number.number, checkpoints }
      const reported = await t.call('POST', '/api/deliveries/webhooks/generic', { body })
      expect([planned.status, shipped.status, reported.status]).toEqual([201, 200, 200])
    }
    const change = async (order: OrderDocument, index: number) => {
      const { order_uid: uid } = order
      if (index % 4 === 0) await ship(order)
      const statuses = []
      for (const command of ['hold', 'confirm', 'delivery', 'cancel']) {
        const body = command === 'delivery' ? { city: `Z${mark}ville` } : {}
        statuses.push((await t.call('POST', `/api/orders/${uid}/${command}`, { body })).status)
      }
      return statuses
    }
    const changing = Promise.all(orders.map(change))
    const both = await Promise.all([erase('busy'), erase('busy')])
    expect((await changing).flat().filter(status => status !== 200 && status !== 409)).toEqual([])
    await eventually('it is finished', async () => {
      const { json } = await t.ask<ErasedJson[]>('GET', '/api/customers/busy/erasures')
      return json.every(({ state }) => state === 'finished')
    })
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    const { rows } = await t.pool.query(
      'select count(*)::int as n from orders where customer_id = $1 and sent_digest is not null',
      ['busy'],
    )
    expect(rows[0].n).toBe(40)
    expect(await findTraces()).toEqual([])
    expect(await brokenRules(t.pool)).toEqual([])
  })

  test('is answered while an order is locked, and finished by the worker of a service', async () => {
    const [order] = ordersOf('held', 1)
    await t.ask('POST', '/api/orders', order)
    const client = await t.pool.connect()
    await client.query('begin')
    await lockOrder(client, order?.order_uid ?? '')
    expect(await erase('held')).toMatchObject({ status: 202, json: { state: 'running', erased: { orders: 0 } } })
    await client.query('rollback')
    client.release()
    const stop = new AbortController()
    const counted = Promise.withResolvers<unknown>()
    const onFinished = (counts: object) => counted.resolve(counts)
    const running = runErasures({ ...options(), onFinished, log: testLog, pauseMs: 10 }, stop.signal)
    expect(await counted.promise).toMatchObject({ orders: 1 })
    stop.abort()
    await running
  })

  test('by the command line says what was erased and what is not reached', async () => {
    for (const order of ordersOf('by command', 2, 'commanded')) await t.ask('POST', '/api/orders', order)
    const words = ['erase', '--customer', 'by command', '--reason', 'asked for', '--yes']
    const { exitCode, out } = await runCli(words, { ...environmentOf(t.address), KAFKA_BROKERS: 'nowhere:1' })
    expect(exitCode).toBe(0)
    expect(out).toMatch(/^the recipients of the customer "by command" are erased\n/)
    expect(out).toMatch(/^orders +2$/m)
    expect(out).toMatch(/^- the topic orders\.dlq \(dead letters out\), until its messages expire$/m)
    expect(await findTraces()).toEqual([])
  })

  test('of one order erases the order of a guest, with its cart and what is kept of it, and no other', async () => {
    const { fill, checkOut } = actionsOf()
    const mine = { email: recipient.email, delivery: recipient, note: `for ${recipient.name}` }
    const { order } = await checkOut(await fill(mine), 'tok_approve', { 'idempotency-key': 'guest-bought' })
    const [other] = ordersOf('', 1, 'guest')
    await t.ask('POST', '/api/orders', other)
    await seedDeadLetters(t.pool, 'ORDER_INVALID', [{ ...other, order_uid: order.order_uid, entry: 7 }])
    const path = `/api/orders/${order.order_uid}`
    const erased = await t.ask<ErasedJson>('POST', `${path}/erase`, { reason: 'asked for', actor: 'ada' })
    expect(erased).toMatchObject({ status: 200, json: { state: 'finished', order_uid: order.order_uid } })
    expect(erased.json.erased).toMatchObject({ orders: 1, carts: 1, dead_letters: 1, idempotency_answers: 1 })
    expect(await findTraces()).toEqual(['orders'])
    expect((await t.ask<ErasedJson[]>('GET', `${path}/erasures`)).json.map(({ id }) => id)).toEqual([erased.json.id])
    expect((await t.ask('POST', '/api/orders/no%20order/erase')).status).toBe(404)
    const words = ['erase', '--order', 'guest-0', '--yes']
    const { exitCode, out } = await runCli(words, environmentOf(t.address))
    expect([exitCode, out.split('\n')[0]]).toEqual([0, 'the recipient of the order "guest-0" is erased'])
    expect(await findTraces()).toEqual([])
    expect((await runCli([...words, '--customer', 'x'], environmentOf(t.address))).exitCode).toBe(2)
  })

  test('is refused for what no customer is called', async () => {
    expect((await erase('x'.repeat(1_001))).status).toBe(400)
  })
})
