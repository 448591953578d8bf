import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import { badLines, makeOrders } from '../../test/orders.ts'
import { rowsRead } from '../../test/rows-read.ts'
import type { OrderDocument } from '../orders/document.ts'
import { orderReceivers } from '../orders/receivers.ts'
import { chooseOpen } from './attempts.ts'
import { createDeadLetterCommands } from './commands.ts'
import { listDeadLetters } from './queries.ts'

setDefaultTimeout(20_000)
let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

type Answer = { status: number; body: Record<string, unknown> & { errors?: { pointer: string }[] } }

async function call(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await t.call(method, path, { body })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

const look = (id: string) => call('GET', `/api/dead-letters/${id}`).then(({ body }) => body)
const replay = (id: string, body?: unknown) => call('POST', `/api/dead-letters/${id}/replay`, body)
const discard = (id: string, body?: unknown) => call('POST', `/api/dead-letters/${id}/discard`, body)

async function many(what: 'replay' | 'discard', body: unknown): Promise<Record<string, unknown>[]> {
  const response = await t.call('POST', `/api/dead-letters/${what}`, { body })
  expect(response.status).toBe(200)
  const text = await response.text()
  return text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
}

let series = 0
/** Orders that no other test has. */
function newOrders(count: number): OrderDocument[] {
  series += 1
  return makeOrders(count, `dl${series}`)
}

function newOrder(): OrderDocument {
  return newOrders(1)[0] as OrderDocument
}

async function eventsOf(orderUid: string): Promise<string[]> {
  const { rows } = await t.pool.query('select type from events where order_uid = $1 order by sequence', [orderUid])
  return rows.map(row => row.type)
}

describe('looking at a letter', () => {
  test('shows its bytes, what they say, and what is wrong with them by the rules of today', async () => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['{"sm_id": 9007199254740993}'], {
      violations: [{ pointer: '/old', detail: 'must be as it was then' }],
      headers: [[Buffer.from('kind'), Buffer.from([0xff])]],
    })
    const response = await t.call('GET', `/api/dead-letters/${id}`)
    const text = await response.text()
    // Every digit, although a reader in JavaScript would round it.
    expect(text).toContain('"json":{"sm_id": 9007199254740993}')
    expect(JSON.parse(text)).toMatchObject({
      id,
      state: 'open',
      attempts: 0,
      value: Buffer.from('{"sm_id": 9007199254740993}').toString('base64'),
      text: '{"sm_id": 9007199254740993}',
      violations: [{ pointer: '/old' }],
      headers: [['kind', '/w==']],
      last_attempt: null,
      history: [],
    })
    const now = JSON.parse(text).violations_now.map((violation: { pointer: string }) => violation.pointer)
    expect(now).toEqual(expect.arrayContaining(['/order_uid', '/sm_id', '/items']))
  })

  test('works for every kind of bytes', async () => {
    const large = Buffer.from(JSON.stringify({ note: 'x'.repeat(1024 * 1024) }))
    const deep = `{"deep":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    const values = [
      null,
      '',
      Buffer.from([0xff, 0xfe]),
      Buffer.from('a\0b'),
      '\ufeff{}',
      large,
      deep,
      'null',
      '"\\ud800"',
    ]
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', values)
    const found = await Promise.all(ids.map(look))
    expect(found.map(letter => letter.text === null)).toEqual([true, false, true, ...Array(6).fill(false)])
    expect(found[3]?.text).toBe('a\0b')
    expect(found[4]).toMatchObject({ text: '\ufeff{}', json: null })
    expect(found[5]).toMatchObject({ value: large.toString('base64'), json: { note: expect.stringContaining('xxx') } })
    expect(found[6]).toMatchObject({ json: null, text: deep })
    expect(found[8]).toMatchObject({ json: '\ud800' })
    for (const letter of found) expect(letter.violations_now).not.toEqual([])
    const [command = ''] = await seedDeadLetters(t.pool, 'COMMAND_INVALID', ['{"command":"fly"}'])
    const pointers = (await look(command)).violations_now as { pointer: string }[]
    expect(pointers.map(({ pointer }) => pointer)).toContain('/command')
  })

  test('of a number that no letter has is a 404', async () => {
    for (const id of ['999999999', '0', '-1', 'x', '1e3', '9999999999999999999999', '%00', 'replay']) {
      expect([id, (await call('GET', `/api/dead-letters/${id}`)).status]).toEqual([id, 404])
      expect((await replay(id)).body.code).toBe('DEAD_LETTER_NOT_FOUND')
      expect((await discard(id, { reason: 'x' })).status).toBe(404)
    }
  })
})

describe('replaying a letter', () => {
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
      const letter = await look(ids[index] ?? '')
      expect(letter).toMatchObject({ state: 'open', attempts: 1 })
      expect(letter.history).toMatchObject([
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

  test('edited places the order, and keeps the bytes that came beside those that were taken in', async () => {
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
    const letter = await look(id)
    expect(letter).toMatchObject({
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

  test('again and again in vain keeps the latest attempts, and the latest edition', async () => {
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

  test('while the orders cannot be written is a 503, and nothing is known against the letter', async () => {
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

describe('many letters', () => {
  test('with one reason are replayed, oldest first; the others stay as they are', async () => {
    const orders = newOrders(340)
    const prefix = `dl${series}`
    const values = orders.map((order, index) => (index % 10 === 3 ? { ...order, items: [] } : order))
    const ids = await seedDeadLetters(t.pool, 'ORDER_REFUSED_BY_STORE', values)
    const [other = ''] = await seedDeadLetters(t.pool, 'ORDER_CONFLICT', [newOrder()])
    const lines = await many('replay', {
      code: 'ORDER_REFUSED_BY_STORE',
      topic: 'orders',
      reason: 'mended',
      actor: 'ada',
    })
    const last = lines.pop()
    expect(last).toEqual({ complete: true, count: 340, replayed: 306, refused: 34, discarded: 0 })
    expect(lines.map(line => line.id)).toEqual(ids)
    const refused = lines.filter(line => line.outcome === 'refused')
    expect(refused).toHaveLength(34)
    for (const line of refused)
      expect(line).toMatchObject({
        state: 'open',
        code: 'ORDER_INVALID',
        errors: [{ pointer: '/items' }, { pointer: '/payment/goods_total' }],
      })
    const { rows } = await t.pool.query('select count(*)::int as n from orders where order_uid like $1', [
      `${prefix}-%`,
    ])
    expect(rows[0]?.n).toBe(306)
    expect(await look(other)).toMatchObject({ state: 'open', attempts: 0 })
    const discarded = await many('discard', {
      code: 'ORDER_REFUSED_BY_STORE',
      reason: 'no items: worthless',
      actor: 'ada',
    })
    expect(discarded).toHaveLength(35)
    expect(discarded.at(-1)).toMatchObject({ discarded: 34 })
    expect(await look(ids[3] ?? '')).toMatchObject({
      state: 'discarded',
      history: [{ outcome: 'discarded', reason: 'no items: worthless', actor: 'ada' }, { outcome: 'refused' }],
    })
    expect(await many('replay', { code: 'ORDER_REFUSED_BY_STORE' })).toEqual([
      { complete: true, count: 0, replayed: 0, refused: 0, discarded: 0 },
    ])
  })

  test('can be named one by one, orders and commands together', async () => {
    const order = newOrder()
    const [first = '', third = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [order, 'x'])
    const command = { command_id: 'm', order_uid: order.order_uid, command: 'hold' }
    const [second = ''] = await seedDeadLetters(t.pool, 'ORDER_NOT_FOUND', [command], { topic: 'orders.commands' })
    const lines = await many('replay', { ids: [third, second, first, '424242'] })
    expect(lines.slice(0, -1).map(line => `${line.id} ${line.outcome}`)).toEqual([
      `${first} placed`,
      `${third} refused`,
      `${second} carried_out`,
    ])
  })

  test('without a filter, or a reason to discard them, are refused', async () => {
    const bad: [string, unknown, string[]][] = [
      ['replay', {}, ['']],
      ['replay', undefined, ['']],
      ['replay', { ids: [] }, ['/ids']],
      ['replay', { ids: ['x', 3] }, ['/ids/0', '/ids/1']],
      ['replay', { code: 'a\0b', topic: '\0' }, ['/code', '/topic']],
      ['discard', {}, ['', '/reason']],
      ['discard', { code: 'ORDER_INVALID', reason: '  ' }, ['/reason']],
      ['discard', { code: 7, limit: 3 }, ['/limit', '/code']],
    ]
    for (const [what, body, pointers] of bad) {
      const answer = await call('POST', `/api/dead-letters/${what}`, body)
      expect([what, answer.status]).toEqual([what, 400])
      expect(answer.body.errors?.map(({ pointer }) => pointer)).toEqual(expect.arrayContaining(pointers))
    }
  })
})

describe('discarding a letter', () => {
  test('takes a reason, and is final', async () => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', [newOrder()])
    expect((await discard(id, {})).body.errors).toMatchObject([{ pointer: '/reason' }])
    expect(await discard(id, { reason: 'spam', actor: 'ada' })).toEqual({
      status: 200,
      body: { id, outcome: 'discarded', state: 'discarded' },
    })
    const second = await replay(id)
    expect(second).toMatchObject({ status: 409, body: { code: 'DEAD_LETTER_TAKEN' } })
    expect(second.body.detail).toMatch(/^it is discarded since 20\S+Z, by "ada"$/)
    expect((await discard(id, { reason: 'again' })).status).toBe(409)
  })
})

describe('two people at once', () => {
  test('one of them deals with the letter, the others hear that it is taken', async () => {
    const orders = newOrders(20)
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
    // Another instance has a queue of its own; only the lock on the row keeps the two apart.
    const other = createDeadLetterCommands({
      pool: t.pool,
      receivers: orderReceivers(t.app),
      now: Date.now,
    })
    const by = { actor: 'other', reason: 'too' }
    const attempts = orders.map((order, index) => {
      if (index % 5 === 4) return discard(id, { reason: 'mine' }).then(({ status }) => status)
      if (index % 2 === 0) return replay(id, { json: order }).then(({ status }) => status)
      return other.replay(id, by, { edited: Buffer.from(JSON.stringify(order)) }).then(
        () => 200,
        error => (error.code === 'DEAD_LETTER_TAKEN' ? 409 : 500),
      )
    })
    const statuses = await Promise.all(attempts)
    expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array(19).fill(409)])
    const { rows } = await t.pool.query('select count(*)::int as n from orders where order_uid like $1', [
      `dl${series}-%`,
    ])
    expect(rows[0]?.n).toBe((await look(id)).state === 'replayed' ? 1 : 0)
    expect((await look(id)).attempts).toBe(1)
  })

  test('a letter on which somebody works for long is said to be taken, not waited for without end', async () => {
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
    const client = await t.pool.connect()
    await client.query('begin')
    await client.query('select from dead_letters where id = $1 for update', [id])
    const { status, body } = await replay(id)
    await client.query('rollback')
    client.release()
    expect([status, body.detail]).toEqual([409, 'it is open, and somebody else is dealing with it at this moment'])
    expect((await replay(id)).status).toBe(400)
  })

  test('many by two at once: each letter is dealt with once', async () => {
    const ids = await seedDeadLetters(t.pool, 'ORDER_CONFLICT', newOrders(250), { topic: 'both' })
    const [one, two] = await Promise.all([
      many('replay', { topic: 'both' }),
      many('discard', { topic: 'both', reason: 'x' }),
    ])
    const dealt = [...one.slice(0, -1), ...two.slice(0, -1)].map(line => Number(line.id))
    expect(dealt.toSorted((a, b) => a - b)).toEqual(ids.map(Number))
    const placed = await t.pool.query('select count(*)::int as n from orders where order_uid like $1', [
      `dl${series}-%`,
    ])
    expect(one.at(-1)?.replayed).toBe(placed.rows[0]?.n)
  })
})

describe('the list', () => {
  test('is filtered by state, and says how a letter was dealt with', async () => {
    const [order, other] = newOrders(2)
    const ids = await seedDeadLetters(t.pool, 'ORDER_INVALID', [order as object, 'x', other as object, 'y'], {
      topic: 'listed',
    })
    await replay(ids[0] ?? '')
    await replay(ids[1] ?? '')
    await discard(ids[2] ?? '', { reason: 'no', actor: 'ada' })
    const listed = async (query: string) => {
      const { body } = await call('GET', `/api/dead-letters?topic=listed${query}`)
      return body as unknown as { id: string; state: string; last_attempt: unknown }[]
    }
    expect((await listed('')).map(letter => letter.state)).toEqual(['open', 'discarded', 'open', 'replayed'])
    expect((await listed('&state=open')).map(letter => letter.id)).toEqual([ids[3] ?? '', ids[1] ?? ''])
    expect(await listed('&state=discarded')).toMatchObject([{ last_attempt: { actor: 'ada', reason: 'no' } }])
    expect(await listed('&state=replayed')).toMatchObject([{ last_attempt: { order_uid: order?.order_uid } }])
    const bad = await call('GET', '/api/dead-letters?state=closed&limit=0&cursor=x')
    expect(bad.status).toBe(400)
    expect(bad.body.errors?.map(({ pointer }) => pointer).toSorted()).toEqual(['/cursor', '/limit', '/state'])
  })

  test('the counts and the metric are those of the table, whatever happened to it', async () => {
    await seedDeadLetters(t.pool, 'ORDER_INVALID', ['to be removed by hand'], { topic: 'gone' })
    await t.pool.query("delete from dead_letters where topic = 'gone'")
    const { rows } = await t.pool.query(
      'select topic, code, state, count(*)::int as letters from dead_letters group by 1, 2, 3 order by 1, 2, 3',
    )
    expect(rows.length).toBeGreaterThan(5)
    expect(await (await t.call('GET', '/api/dead-letter-counts')).json()).toEqual(rows)
    const open = rows.filter(row => row.state === 'open' && row.code === 'ORDER_INVALID')
    const sum = open.reduce((before, row) => before + row.letters, 0)
    expect(await t.app.registry.metrics()).toContain(`dead_letters{code="ORDER_INVALID",state="open"} ${sum}\n`)
  })
})

test('the database itself keeps a letter in a state that says how it came', async () => {
  const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
  const refused = async (sql: string) => expect(t.pool.query(sql)).rejects.toThrow('violates check constraint')
  await refused(`update dead_letters set state = 'lost' where id = ${id}`)
  await refused(`update dead_letters set state = 'replayed' where id = ${id}`)
  const entry = (values: string) =>
    `insert into dead_letter_history (letter_id, attempt, is_edited, recorded_at, actor, outcome, reason, order_uid, code)
     values (${id}, 1, false, now(), 'x', ${values})`
  await refused(entry("'placed', '', null, null"))
  await refused(entry("'discarded', '', null, null"))
  await refused(entry("'refused', '', null, null"))
  await refused(entry("'reopened', 'x', null, null"))
})

test('a replay or a discarding that is repeated with its Idempotency-Key gets the first answer again', async () => {
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

test('a filter that few letters fit does not look at the others', async () => {
  await t.pool.query(
    `insert into dead_letters (topic, partition, message_offset, headers, code, detail, violations, digest)
     select 'crowded', 0, n, '[]', 'ORDER_INVALID', '', '[]', '' from generate_series(1, 3000) n`,
  )
  await t.pool.query(
    `insert into dead_letters (topic, partition, message_offset, headers, code, detail, violations, digest)
     values ('lonely', 0, 1, '[]', 'ORDER_INVALID', '', '[]', ''), ('crowded', 0, 0, '[]', 'ORDER_CONFLICT', '', '[]', '')`,
  )
  await t.pool.query('analyze dead_letters')
  const filters = [
    { topic: 'lonely', code: 'ORDER_INVALID', state: 'open' },
    { topic: 'crowded', code: 'ORDER_CONFLICT' },
    { topic: 'crowded', code: 'ORDER_INVALID', state: 'discarded' },
    { topic: 'nowhere' },
  ] as const
  const found: number[] = []
  for (const filter of filters) {
    const rows = await rowsRead(t.pool, 'dead_letters', async pool => {
      const { deadLetters } = await listDeadLetters(pool, filter, 10)
      found.push(deadLetters.length)
    })
    expect(rows).toBeLessThan(50)
  }
  expect(found).toEqual([1, 1, 0, 0])
  const rows = await rowsRead(t.pool, 'dead_letters', async pool => {
    expect(await chooseOpen(pool, { topic: 'lonely', code: 'ORDER_INVALID' }, '0', '999999999')).toHaveLength(1)
  })
  expect(rows).toBeLessThan(50)
})
