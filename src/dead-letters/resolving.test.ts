import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { deadLetterApi, orderSeries } from '../../test/dead-letter-api.ts'
import { seedDeadLetters } from '../../test/seed-dead-letters.ts'
import type { OrderDocument } from '../orders/document.ts'
import { createDeadLetterCommands } from './commands.ts'

setDefaultTimeout(20_000)
let t: TestApp
const { call, look, replay, discard, many } = deadLetterApi(() => t)

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const { newOrders, newOrder } = orderSeries('dl')

async function countStored(orders: readonly OrderDocument[]): Promise<number> {
  const uids = orders.map(order => order.order_uid)
  const { rows } = await t.pool.query('select count(*)::int as n from orders where order_uid = any($1)', [uids])
  return rows[0]?.n
}

describe('many dead letters', () => {
  test('with one reason are replayed, oldest first; the others stay as they are', async () => {
    const orders = newOrders(340)
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
    expect(await countStored(orders)).toBe(306)
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

describe('discarding a dead letter', () => {
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
  test('one of them resolves the dead letter, the others hear that it is taken', async () => {
    const orders = newOrders(20)
    const [id = ''] = await seedDeadLetters(t.pool, 'ORDER_INVALID', ['x'])
    // Another instance has a queue of its own; only the lock on the row keeps the two apart.
    const other = createDeadLetterCommands({
      pool: t.pool,
      handlers: () => t.app.handlers.map(({ handler }) => handler),
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
    expect(await countStored(orders)).toBe((await look(id)).state === 'replayed' ? 1 : 0)
    expect((await look(id)).attempts).toBe(1)
  })

  test('a dead letter that is locked for long is reported as taken, not waited for without end', async () => {
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

  test('many by two at once: each dead letter is resolved once', async () => {
    const orders = newOrders(250)
    const ids = await seedDeadLetters(t.pool, 'ORDER_CONFLICT', orders, { topic: 'both' })
    const [one, two] = await Promise.all([
      many('replay', { topic: 'both' }),
      many('discard', { topic: 'both', reason: 'x' }),
    ])
    const dealt = [...one.slice(0, -1), ...two.slice(0, -1)].map(line => Number(line.id))
    expect(dealt.toSorted((a, b) => a - b)).toEqual(ids.map(Number))
    expect(one.at(-1)?.replayed).toBe(await countStored(orders))
  })
})
