import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { createCarryOut, expireUnpaid } from './commands.ts'
import { exampleOrder } from './example.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

async function place(isPaid: boolean): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  if (!isPaid) order.payment.payment_dt = 0
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

async function command(uid: string, name: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await t.call('POST', `/api/orders/${uid}/${name}`, { body, headers })
  return { status: response.status, etag: response.headers.get('etag'), body: JSON.parse(await response.text()) }
}

async function history(uid: string) {
  const { rows } = await t.pool.query(
    `select t.command, t.from_status, t.to_status, t.reason, t.actor, e.sequence, e.type, e.data
       from order_transitions t join events e on e.stream_id = t.order_uid and e.sequence = t.version
      where t.order_uid = $1 order by t.version`,
    [uid],
  )
  return rows
}

describe('a command to an order', () => {
  test('changes state, history and event together, with actor and reason', async () => {
    const uid = await place(true)
    const held = await command(uid, 'hold', { reason: 'fraud check', actor: 'ada' })
    expect(held).toMatchObject({ status: 200, etag: '"2"', body: { status: 'on_hold', version: 2 } })
    expect((await command(uid, 'confirm')).body).toMatchObject({ status: 'confirmed', version: 3 })
    expect((await command(uid, 'cancel', { reason: 'asked to' })).body).toMatchObject({
      status: 'cancelled',
      version: 4,
    })
    const rows = await history(uid)
    expect(rows.map(row => `${row.sequence} ${row.from_status} ${row.command} ${row.to_status} ${row.type}`)).toEqual([
      '2 confirmed hold on_hold order.on_hold',
      '3 on_hold confirm confirmed order.confirmed',
      '4 confirmed cancel cancelled order.cancelled',
    ])
    expect(rows[0]).toMatchObject({ reason: 'fraud check', actor: 'ada' })
    expect(JSON.parse(rows[0].data)).toEqual({
      status: 'on_hold',
      payment_status: 'paid',
      delivery_status: 'unfulfilled',
      version: 2,
      previous_status: 'confirmed',
      reason: 'fraud check',
      actor: 'ada',
    })
  })

  test('by an instance whose clock is behind leaves no event that is older than the one before it', async () => {
    const uid = await place(true)
    const request = { orderUid: uid, command: 'hold', reason: '', actor: 'ada' } as const
    const carryOut = createCarryOut({ pool: t.pool, now: () => Date.now() - 3_600_000, onChanged: () => undefined })
    expect(await carryOut(request)).toMatchObject({ kind: 'done' })
    const { rows } = await t.pool.query(
      'select count(*)::int as events, count(distinct recorded_at)::int as times from events where stream_id = $1',
      [uid],
    )
    expect(rows).toEqual([{ events: 2, times: 1 }])
  })

  test('for the state that the order is in has no effect', async () => {
    const uid = await place(true)
    expect(await command(uid, 'confirm')).toMatchObject({ status: 200, etag: '"1"' })
    expect(await history(uid)).toEqual([])
  })

  test('is refused from a state that it does not start from, and says which', async () => {
    const uid = await place(false)
    const refused = await command(uid, 'complete')
    expect(refused).toMatchObject({ status: 409, body: { code: 'TRANSITION_REFUSED' } })
    expect(refused.body.detail).toBe('complete cannot take an order from pending to completed')
  })

  test('is refused when the order has another version than the client expects', async () => {
    const uid = await place(true)
    expect((await command(uid, 'hold', {}, { 'if-match': '"1"' })).status).toBe(200)
    const stale = await command(uid, 'confirm', {}, { 'if-match': '"1"' })
    expect(stale).toMatchObject({ status: 412, body: { code: 'VERSION_STALE' } })
  })

  test('accepts the ETag that a compressing proxy makes of ours, lists of ETags, and *', async () => {
    const uid = await place(true)
    let version = 1
    for (const tagOf of [
      (now: number) => `W/"${now}"`,
      (now: number) => `"${now}-gzip"`,
      (now: number) => `W/"${now}-br", "99"`,
      (now: number) => `"another,with-a-comma", "${now}"`,
      () => '*',
    ]) {
      for (const kind of ['hold', 'confirm']) {
        const done = await command(uid, kind, {}, { 'if-match': tagOf(version) })
        version += 1
        expect(done).toMatchObject({ status: 200, etag: `"${version}"` })
      }
    }
    for (const other of ['W/"1"', '"1-gzip"', '"1", "2"', '"0011"', '"of-another-server"']) {
      const stale = await command(uid, 'hold', {}, { 'if-match': other })
      expect(stale).toMatchObject({ status: 412, body: { code: 'VERSION_STALE' } })
    }
    for (const malformed of ['11', 'w/"11"', '"11', '"11" "12"', '*, "11"']) {
      const refused = await command(uid, 'hold', {}, { 'if-match': malformed })
      expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
      expect(refused.body.errors).toEqual([{ pointer: '/If-Match', detail: expect.stringContaining('"3"') }])
    }
  })

  test('is refused with every violation', async () => {
    const uid = await place(true)
    for (const body of ['{', '[]', { reason: 1 }, { reason: 'a\0b' }, { why: 'x' }, { actor: 'x'.repeat(201) }]) {
      const refused = await command(uid, 'cancel', body)
      expect(refused).toMatchObject({ status: 400, body: { code: 'REQUEST_INVALID' } })
      expect(refused.body.errors.length).toBeGreaterThan(0)
    }
    expect((await command('nobody', 'cancel')).status).toBe(404)
    expect((await command('%00', 'cancel')).status).toBe(404)
    expect((await command(uid, 'explode')).status).toBe(404)
    expect(await history(uid)).toEqual([])
  })

  test('sent a hundred times at once: the log has the changes in the order of their sequence, without a gap', async () => {
    const uid = await place(true)
    const names = ['hold', 'confirm', 'hold', 'confirm', 'cancel']
    const answers = await Promise.all(Array.from({ length: 100 }, (_, index) => command(uid, names[index % 5] ?? '')))
    expect(answers.every(answer => answer.status === 200 || answer.status === 409)).toBe(true)
    const { rows } = await t.pool.query('select sequence from events where stream_id = $1 order by xid, position', [
      uid,
    ])
    expect(rows.map(row => row.sequence)).toEqual(rows.map((_, index) => index + 1))
  })
})

test('the database records no transition that the rules forbid', async () => {
  const insert = t.pool.query(
    `insert into order_transitions (order_uid, version, command, from_status, to_status, reason, actor, recorded_at)
     values ('x', 2, 'confirm', 'cancelled', 'confirmed', '', '', now())`,
  )
  expect(await insert.catch(error => error)).toMatchObject({ constraint: 'transition_is_allowed' })
})

test('unpaid orders expire once, in small batches, with many sweeps at work', async () => {
  const unpaid = await Promise.all(Array.from({ length: 30 }, () => place(false)))
  const paid = await place(true)
  const expire = (unpaidSinceMs: number, ordersMax: number) =>
    expireUnpaid(t.pool, { unpaidSinceMs, ordersMax, nowMs: Date.now(), onChanged: () => undefined })
  expect(await expire(Date.now() - 60_000, 100)).toBe(0)
  const sweep = () => expire(Date.now() + 1000, 7)
  let expired = 0
  for (let found = -1; found !== 0; expired += found) {
    const counts = await Promise.all([sweep(), sweep(), sweep()])
    found = counts.reduce((sum, count) => sum + count, 0)
  }
  expect(expired).toBeGreaterThanOrEqual(30)
  for (const uid of unpaid) expect((await history(uid)).map(row => row.type)).toEqual(['order.expired'])
  expect(await history(paid)).toEqual([])
})
