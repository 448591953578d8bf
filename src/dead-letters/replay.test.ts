import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { deadLetterApi, orderSeries } from '../../test/dead-letter-api.ts'
import { badLines } from '../../test/orders.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import type { OrderDocument } from '../orders/document.ts'

setDefaultTimeout(20_000)
let t: TestApp
const { look, replay } = deadLetterApi(() => t)

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const { newOrders, newOrder } = orderSeries('dl')

async function eventsOf(orderUid: string): Promise<string[]> {
  const { rows } = await t.pool.query('select type from events where stream_id = $1 order by sequence', [orderUid])
  return rows.map(row => row.type)
}

describe('replaying a dead letter', () => {
  test('that is still wrong names every violation, leaves it open, and the attempt is kept', async () => {
    const order = newOrder()
    const lines = badLines(order)
    const ids = await seedDeadLetters(
      t.pool,
      'ORDER_INVALID',
      lines.map(({ line }) => line),
    )
    for (const [index, { pointer }] of lines.entries()) {
      const { status, body } = await replay(ids[index] ?? '', { reason: 'try', actor: 'ada' })
      expect([status, body.code]).toEqual([400, 'ORDER_INVALID'])
      expect(body.errors?.some(violation => violation.pointer.startsWith(pointer))).toBe(true)
      const deadLetter = await look(ids[index] ?? '')
      expect(deadLetter).toMatchObject({ state: 'open', attempts: 1 })
      expect(deadLetter.history).toMatchObject([
        {
          attempt: 1,
          outcome: 'refused',
          actor: 'ada',
          reason: 'try',
          code: 'ORDER_INVALID',
          order_uid: null,
          is_edited: false,
        },
      ])
    }
    expect(await eventsOf(order.order_uid)).toEqual([])
  })

  test('edited places the order, and keeps the bytes that came beside those that were accepted', async () => {
    const order = newOrder()
    const wrong = { ...order, payment: { ...order.payment, amount: 1 }, items: [] }
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [wrong])
    const half = await replay(id, { json: { ...wrong, items: order.items } })
    expect(half.body.errors?.map(({ pointer }) => pointer)).toEqual(['/payment/amount'])
    const done = await replay(id, { text: ` ${JSON.stringify(order)}`, reason: 'wrong sum', actor: 'ada' })
    expect(done).toEqual({
      status: 200,
      body: { id, outcome: 'placed', state: 'replayed', order_uid: order.order_uid },
    })
    expect((await t.call('GET', `/api/orders/${order.order_uid}`)).status).toBe(200)
    expect(await eventsOf(order.order_uid)).toEqual(['order.placed'])
    const deadLetter = await look(id)
    expect(deadLetter).toMatchObject({
      state: 'replayed',
      text: JSON.stringify(wrong),
      last_attempt: {
        outcome: 'placed',
        order_uid: order.order_uid,
        actor: 'ada',
        reason: 'wrong sum',
        is_edited: true,
      },
      history: [
        { attempt: 2, edited_text: ` ${JSON.stringify(order)}` },
        { attempt: 1, actor: 'api', edited_text: null },
      ],
    })
  })

  test('whose order is there already is a success: so it is after a crash between the placing and the mark', async () => {
    const order = newOrder()
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_REFUSED_BY_STORE', [order])
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    expect((await replay(id)).body).toMatchObject({ outcome: 'duplicate', order_uid: order.order_uid })
    expect(await eventsOf(order.order_uid)).toEqual(['order.placed'])
  })

  test('of a conflict stays open until it is edited', async () => {
    const order = newOrder()
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    const other = { ...order, locale: 'de' }
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_CONFLICT', [other])
    expect(await replay(id)).toMatchObject({ status: 409, body: { code: 'ORDER_CONFLICT' } })
    expect(await look(id)).toMatchObject({
      state: 'open',
      violations_now: [],
      last_attempt: { code: 'ORDER_CONFLICT' },
    })
    expect((await replay(id, { json: { ...other, order_uid: `${order.order_uid}-b` } })).status).toBe(200)
  })

  test('takes a value of a megabyte, edited as JSON or as text', async () => {
    const [one, two] = newOrders(2) as [OrderDocument, OrderDocument]
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x', 'y'])
    const room = Math.min(
      ...[one, two].map(order => 1024 * 1024 - Buffer.byteLength(JSON.stringify({ ...order, note: '' }))),
    )
    const note = 'x'.repeat(room)
    expect((await replay(ids[0] ?? '', { json: { ...one, note } })).status).toBe(200)
    expect((await replay(ids[1] ?? '', { text: JSON.stringify({ ...two, note }) })).status).toBe(200)
    expect((await look(ids[0] ?? '')).history).toMatchObject([{ edited_text: JSON.stringify({ ...one, note }) }])
  })

  test('again and again, refused each time, keeps the latest attempts, and the latest edited value', async () => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['{'])
    for (let attempt = 1; attempt <= 25; attempt++) await replay(id, { text: `edition ${attempt}` })
    const { attempts, history } = (await look(id)) as {
      attempts: number
      history: { attempt: number; edited_text: string }[]
    }
    expect(attempts).toBe(25)
    expect(history.map(entry => entry.attempt)).toEqual(Array.from({ length: 20 }, (_, index) => 25 - index))
    expect(history.map(entry => entry.edited_text)).toEqual(['edition 25', ...Array(19).fill(null)])
  })

  test('while orders cannot be written is a 503, and no attempt is recorded', async () => {
    const order = newOrder()
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [order])
    await t.pool.query('alter table orders rename to orders_away')
    const [single, several] = await Promise.all([
      replay(id),
      t.call('POST', '/api/dead-letters/replay', { body: { ids: [id] } }),
    ])
    await t.pool.query('alter table orders_away rename to orders')
    expect(single).toMatchObject({ status: 503, body: { code: 'STORE_UNAVAILABLE' } })
    expect(several.status).toBe(503)
    expect(JSON.parse(await several.text())).toMatchObject({ code: 'STORE_UNAVAILABLE' })
    expect(await look(id)).toMatchObject({ state: 'open', attempts: 0 })
    expect((await replay(id)).body).toMatchObject({ outcome: 'placed' })
  })

  test.each([
    ['[]', ['']],
    ['{', ['']],
    ['{"edit":1}', ['/edit']],
    ['{"json":{},"text":"{}"}', ['/text']],
    ['{"text":1}', ['/text']],
    ['{"text":"\\ud800"}', ['/text']],
    ['{"json":{"sm_id":1e400}}', ['/json/sm_id']],
    ['{"json":{"a":9007199254740993,"b":-0,"c":1.0,"d":1,"d":1}}', ['/json/a', '/json/b', '/json/c', '/json/d']],
    ['{"reason":"one","reason":"two"}', ['/reason']],
    [`{"json":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, [`/json${'/0'.repeat(63)}`]],
    [JSON.stringify({ reason: 'x'.repeat(501), actor: 'a\0b' }), ['/reason', '/actor']],
  ])('with the body %.40s is refused with everything that is wrong', async (body, pointers) => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
    const answer = await replay(id, body)
    expect([answer.status, answer.body.code]).toEqual([400, 'REQUEST_INVALID'])
    expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(pointers))
    expect(await look(id)).toMatchObject({ state: 'open', attempts: 0 })
  })
})

describe('a command', () => {
  test('goes to its order, once, and stays open while the order forbids it', async () => {
    const order = newOrder()
    const command = { command_id: 'c1', order_uid: order.order_uid, command: 'hold', actor: 'shop' }
    const wrong = { ...command, command_id: 'c2', version: 9 }
    const [early = '', stale = '', again = '', bad = ''] = await seedDeadLetters(
      t.pool,
      'ORDER_NOT_FOUND',
      [command, wrong, command, { ...command, command: 'expire' }],
      { topic: 'orders.commands' },
    )
    expect(await replay(early)).toMatchObject({ status: 404, body: { code: 'ORDER_NOT_FOUND' } })
    expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
    expect((await replay(early)).body).toMatchObject({ outcome: 'carried_out', order_uid: order.order_uid })
    expect((await replay(again)).body).toMatchObject({ outcome: 'carried_out' })
    expect(await eventsOf(order.order_uid)).toEqual(['order.placed', 'order.on_hold'])
    expect(await replay(stale)).toMatchObject({ status: 412, body: { code: 'VERSION_STALE' } })
    expect(await replay(bad)).toMatchObject({ status: 400, body: { code: 'COMMAND_INVALID' } })
    expect(await replay(stale, { json: { ...wrong, command: 'complete', version: 2 } })).toMatchObject({
      status: 409,
      body: { code: 'TRANSITION_REFUSED' },
    })
    expect((await replay(stale, { json: { ...wrong, command: 'cancel', version: 2 } })).status).toBe(200)
    expect(await look(stale)).toMatchObject({ state: 'replayed', attempts: 3 })
  })
})

test('a replay or a discard that is repeated with its Idempotency-Key gets the first answer again', async () => {
  const [first = '', second = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [newOrder(), 'x'])
  const send = async (path: string, body: unknown) => {
    const response = await t.call('POST', `/api/dead-letters/${path}`, { body, headers: { 'idempotency-key': 'once' } })
    return { status: response.status, again: response.headers.get('idempotency-replayed'), text: await response.text() }
  }
  const placed = await send(`${first}/replay`, { reason: 'x' })
  expect(placed).toMatchObject({ status: 200, again: null })
  expect(await send(`${first}/replay`, { reason: 'x' })).toEqual({ ...placed, again: 'true' })
  expect(await send(`${first}/replay`, { reason: 'y' })).toMatchObject({ status: 422 })
  // What was refused for its content is free for a mended one under the same key.
  expect(await send(`${second}/replay`, {})).toMatchObject({ status: 400 })
  const note = 'x'.repeat(1_100_000)
  expect(await send(`${second}/replay`, { text: note })).toMatchObject({
    status: 400,
    text: expect.stringContaining('at most'),
  })
  expect(await send(`${second}/discard`, { reason: 'x' })).toMatchObject({ status: 200, again: null })
  expect(await send(`${second}/discard`, { reason: 'x' })).toMatchObject({ status: 200, again: 'true' })
  const { rows } = await t.pool.query(
    "select count(*)::int as n from idempotency_answers where key = 'once' and status = 200",
  )
  expect(rows[0]?.n).toBe(2)
})
