import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/kafka.ts'
import { nextOf } from '../../test/links.ts'
import { type BodyReader, framesOf } from '../../test/server-sent-events.ts'
import { exampleOrder } from '../orders/example.ts'
import { orderChanged } from '../orders/messages.ts'
import { appendEvent } from './append.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

async function place(customerId = 'anyone'): Promise<string> {
  const order = { ...exampleOrder(crypto.randomUUID(), Date.now(), Math.random), customer_id: customerId }
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

async function command(uid: string, name: string) {
  expect((await t.call('POST', `/api/orders/${uid}/${name}`)).status).toBe(200)
}

type Event = { id: string; type: string; order_uid: string; sequence: number; time: string; data: { status: string } }

async function read(path: string): Promise<{ events: Event[]; next: string | undefined }> {
  const response = await t.call('GET', path)
  expect(response.status).toBe(200)
  return { events: JSON.parse(await response.text()), next: nextOf(path, response) }
}

/** Follows a stream; `events` grows as they arrive. */
function follow(path: string, headers: Record<string, string> = {}) {
  const events: (Event & { cursor: string })[] = []
  let cursor = ''
  let reader: BodyReader | undefined
  const reading = (async () => {
    const response = await t.call('GET', path, { headers: { accept: 'text/event-stream', ...headers } })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    reader = (response.body ?? new Blob().stream()).getReader()
    for await (const { id, event, data } of framesOf(reader)) {
      cursor = id ?? cursor
      if (data === undefined) continue
      events.push({ ...JSON.parse(data), cursor })
      expect(event).toBe(events.at(-1)?.type)
    }
  })()
  return {
    events,
    cursor: () => cursor,
    connected: () => eventually('the stream has begun', () => cursor !== ''),
    until: (count: number) => eventually(`${count} events have arrived`, () => events.length >= count),
    async close() {
      await reader?.cancel()
      await reading
    },
  }
}

/** An event of a transaction that is held open. */
const heldBack = (streamId: string) => ({
  streamId,
  sequence: 1,
  definition: orderChanged.expired,
  recordedAt: new Date(),
  data: JSON.stringify(orderChanged.expired.example),
})

const types = (events: Event[]) => events.map(event => `${event.sequence} ${event.type}`)

describe('the history of an order', () => {
  test('is read from its beginning, with the order as it was placed', async () => {
    const uid = await place()
    await command(uid, 'hold')
    await command(uid, 'confirm')
    await eventually('the log is settled', async () => (await read(`/api/orders/${uid}/events`)).events.length === 3)
    const { events } = await read(`/api/orders/${uid}/events`)
    expect(types(events)).toEqual(['1 order.placed', '2 order.on_hold', '3 order.confirmed'])
    expect(events[0]?.data).toMatchObject({ order_uid: uid, status: 'confirmed', items: expect.any(Array) })
    expect((await t.call('GET', '/api/orders/nobody/events')).status).toBe(404)
  })

  test('is followed live, and told to the end of what happens', async () => {
    const uid = await place()
    const stream = follow(`/api/orders/${uid}/events`)
    await stream.until(1)
    await place()
    await command(uid, 'cancel')
    await stream.until(3)
    // It was paid elsewhere: a person has to give the money back.
    expect(types(stream.events)).toEqual(['1 order.placed', '2 order.cancelled', '1 payment.issue_opened'])
    await stream.close()
    await eventually('nobody follows', () => t.app.feed.followers === 0)
  })
})

describe('the log', () => {
  test('is read in pages that miss nothing and repeat nothing', async () => {
    const uids = new Set(await Promise.all(Array.from({ length: 25 }, () => place())))
    const isSettled = async () =>
      (await read('/api/events?limit=1000')).events.filter(e => uids.has(e.order_uid)).length === 25
    await eventually('the log is settled', isSettled)
    const seen: string[] = []
    for (let path: string | undefined = '/api/events?limit=7'; path !== undefined; ) {
      const page: Awaited<ReturnType<typeof read>> = await read(path)
      seen.push(...page.events.map(event => event.id))
      path = page.next
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen).toEqual((await read('/api/events?limit=1000')).events.map(event => event.id))
  })

  test('is narrowed by type and by customer, in pages and live', async () => {
    const stream = follow('/api/events?type=order.cancelled&customer_id=sought')
    await stream.connected()
    const uids = [await place('sought'), await place('other'), await place('sought')]
    for (const uid of uids) await command(uid, 'cancel')
    await stream.until(2)
    expect(stream.events.map(event => event.order_uid)).toEqual([uids[0] ?? '', uids[2] ?? ''])
    await stream.close()
    const { events } = await read('/api/events?type=order.cancelled,order.on_hold&customer_id=sought')
    expect(events.map(event => event.order_uid)).toEqual([uids[0] ?? '', uids[2] ?? ''])
  })

  test('is read backwards in pages that miss nothing and repeat nothing, also narrowed', async () => {
    const uids = [await place('back'), await place('forth'), await place('back')]
    for (const uid of uids) await command(uid, 'hold')
    const forward = async (query: string) => (await read(`/api/events?limit=1000${query}`)).events.map(({ id }) => id)
    await eventually('the log is settled', async () => (await forward('&customer_id=back')).length === 4)
    for (const query of ['', '&customer_id=back', '&type=order.on_hold', '&customer_id=nobody']) {
      const seen: string[] = []
      for (let path: string | undefined = `/api/events?sort=newest&limit=3${query}`; path !== undefined; ) {
        const page: Awaited<ReturnType<typeof read>> = await read(path)
        expect(page.events.length).toBeLessThanOrEqual(3)
        seen.push(...page.events.map(({ id }) => id))
        path = page.next
      }
      expect(seen.toReversed()).toEqual(await forward(query))
    }
    for (const wrong of ['sort=best', 'sort=newest&after=0-0', 'sort=newest&cursor=later']) {
      expect((await t.call('GET', `/api/events?${wrong}`)).status).toBe(400)
    }
    const stream = { headers: { accept: 'text/event-stream' } }
    expect((await t.call('GET', '/api/events?sort=newest', stream)).status).toBe(400)
  })

  test('begins live where it is, and goes on after a reconnect with nothing missing and nothing twice', async () => {
    const first = follow('/api/events')
    await first.connected()
    const before = await place()
    await first.until(1)
    await first.close()
    const missed = [await place(), await place()]
    const second = follow('/api/events', { 'last-event-id': first.cursor() })
    await second.until(2)
    const after = await place()
    await second.until(3)
    expect(first.events.map(event => event.order_uid)).toEqual([before])
    expect(second.events.map(event => event.order_uid)).toEqual([...missed, after])
    await second.close()
  })

  test('is the same for a reader that reads all of it again and one that follows while many write', async () => {
    const live = follow('/api/events')
    await live.connected()
    const uids = await Promise.all(Array.from({ length: 200 }, () => place()))
    await Promise.all(uids.map(uid => command(uid, 'hold')))
    await live.until(400)
    const again = follow('/api/events', { 'last-event-id': '0-0' })
    const wanted = new Set(uids)
    const mine = () => again.events.filter(event => wanted.has(event.order_uid))
    await eventually('all of it was read again', () => mine().length >= 400)
    expect(mine().map(event => event.id)).toEqual(live.events.map(event => event.id))
    await Promise.all([live.close(), again.close()])
  })

  test.each([
    ['/api/events?after=x', '/after'],
    ['/api/events?after=99999999999-1', '/after'],
    ['/api/events?limit=0', '/limit'],
    ['/api/events?type=', '/type'],
    ['/api/events?type=Order', '/type'],
    ['/api/events?type=order.placed,order.lost', '/type'],
    ['/api/events?typ=order.placed', '/typ'],
  ])('refuses %s', async (path, pointer) => {
    for (const accept of ['application/json', 'text/event-stream']) {
      const refused = await t.call('GET', path, { headers: { accept } })
      expect(refused.status).toBe(400)
      expect(JSON.parse(await refused.text()).errors[0].pointer).toBe(pointer)
    }
  })

  test.each(['yesterday', '1', '1-', '-1', '1-2-3', '1.5-2', '0x1-2', '007-1', '7-01', '-', `${'9'.repeat(30)}-1`])(
    'refuses the Last-Event-ID %p, of everything and of an order',
    async id => {
      const headers = { accept: 'text/event-stream', 'last-event-id': id }
      for (const path of ['/api/events', `/api/orders/${await place()}/events`]) {
        const refused = await t.call('GET', path, { headers })
        expect(refused.status).toBe(400)
        expect(refused.headers.get('content-type')).toBe('application/problem+json')
        expect(JSON.parse(await refused.text()).errors).toEqual([{ pointer: '/after', detail: expect.any(String) }])
      }
      expect(t.app.feed.followers).toBe(0)
    },
  )

  test('what commits late is neither missed nor out of order, and what comes behind it waits', async () => {
    const live = follow('/api/events')
    await live.connected()
    const uid = await place()
    await live.until(1)
    const [late, other] = await Promise.all([t.pool.connect(), t.pool.connect()])
    for (const client of [late, other]) await client.query('begin')
    await appendEvent(late, heldBack('late'))
    const behind = await Promise.all([place(), place(), place()])
    await command(uid, 'hold')
    await appendEvent(other, heldBack('never'))
    // A stream that begins now, and one that comes back with an id of before, have to wait as well.
    const [begun, back] = [follow('/api/events'), follow('/api/events', { 'last-event-id': live.cursor() })]
    await Promise.all([begun.connected(), back.connected()])
    const stored = async () => (await t.pool.query('select from events where stream_id = any($1)', [behind])).rowCount
    expect(await stored()).toBe(3)
    expect((await read(`/api/events?after=${live.cursor()}`)).events).toEqual([])
    expect([live.events.length, begun.events.length, back.events.length]).toEqual([1, 0, 0])

    await late.query('commit')
    await other.query('rollback')
    for (const client of [late, other]) client.release()
    await Promise.all([live.until(6), begun.until(5), back.until(5)])
    const expected = ['late', ...behind, uid].sort()
    for (const events of [live.events.slice(1), begun.events, back.events]) {
      expect(events[0]?.order_uid).toBe('late')
      expect(events.map(event => event.order_uid).sort()).toEqual(expected)
      expect(events).toEqual(live.events.slice(1))
    }
    expect((await read(`/api/events?after=${back.events[0]?.cursor}`)).events.map(event => event.id)).toEqual(
      back.events.slice(1).map(event => event.id),
    )
    await Promise.all([live, begun, back].map(stream => stream.close()))
  })

  test('ends its streams when the service stops', async () => {
    const stream = follow('/api/events')
    await stream.connected()
    t.app.feed.end()
    await stream.close()
    expect(t.app.feed.followers).toBe(0)
  })
})
