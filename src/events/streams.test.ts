import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Type } from 'typebox'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { eventually } from '../../test/kafka.ts'
import { nextOf } from '../../test/links.ts'
import { makeOrders } from '../../test/orders.ts'
import { framesOf } from '../../test/server-sent-events.ts'
import { valuesOf } from '../../test/settings.ts'
import type { Module } from '../module.ts'
import { modules } from '../modules.ts'
import { inTransaction } from '../platform/postgres.ts'
import { verifyDatabase } from '../verify.ts'
import { appendEvent, copyOfEvents, type NewEvent } from './append.ts'
import { logStart } from './checkpoint.ts'
import { toCloudEvent } from './cloud-event.ts'
import { defineEvent } from './definition.ts'
import { readLog } from './log.ts'
import { streamChecks } from './stream-checks.ts'
import type { StreamDefinition } from './stream-definition.ts'

/** Streams of another type than orders, as a module brings them: of shelves, whose stock is held for orders. */

setDefaultTimeout(30_000)

const held = defineEvent({
  type: 'stock.held',
  stream: 'shelf',
  title: 'Stock was held',
  description: 'Stock of a shelf was held for an order.',
  data: Type.Object({ quantity: Type.Integer() }),
  example: { quantity: 1 },
})
const counted = defineEvent({ ...held, type: 'stock.counted', title: 'Stock was counted' })

const shelfStream: StreamDefinition = {
  type: 'shelf',
  heads: "select '77' as stream_id, 3 as version, now() as updated_at",
  addressOf: shelf => `/api/shelves/${shelf}`,
}
const stock: Module = {
  name: 'stock',
  title: 'Stock',
  streams: [shelfStream],
  events: [held, counted],
  checks: streamChecks(shelfStream),
}
const all = [...modules, stock]

let t: TestApp
const [first, second] = makeOrders(2, 'stream').map(order => ({ ...order, customer_id: `of-${order.order_uid}` }))
const [one = '', other = ''] = [first?.order_uid, second?.order_uid]

/** An event of a shelf. The shelf is called as the first order is, and has the same numbers. */
function ofShelf(sequence: number, definition: typeof held, concernsOrder?: string): NewEvent {
  const data = JSON.stringify({ quantity: sequence })
  return { streamId: one, concernsOrder, sequence, definition, recordedAt: new Date(), data }
}

beforeAll(async () => {
  t = await createTestApp({ modules: all })
  for (const body of [first, second]) expect((await t.call('POST', '/api/orders', { body })).status).toBe(201)
  await inTransaction(t.pool, client => appendEvent(client, ofShelf(1, held, one)))
  await inTransaction(t.pool, client => appendEvent(client, ofShelf(2, held, other)))
  await inTransaction(t.pool, client => appendEvent(client, ofShelf(3, counted)))
  expect((await t.call('POST', `/api/orders/${one}/hold`)).status).toBe(200)
})
afterAll(() => t.close())

type EventJson = { type: string; stream_type: string; stream_id: string; order_uid?: string; sequence: number }

async function read(path: string): Promise<EventJson[]> {
  const found: EventJson[] = []
  for (let next: string | undefined = path; next !== undefined; ) {
    const response: Response = await t.call('GET', next)
    expect(response.status).toBe(200)
    found.push(...JSON.parse(await response.text()))
    next = nextOf(next, response)
  }
  return found
}

const named = (events: EventJson[]) => events.map(event => `${event.stream_type} ${event.type} ${event.sequence}`)

describe('events of several kinds of streams', () => {
  test('tell their stream, and the order that they concern', async () => {
    const events = await read('/api/events')
    expect(events.map(({ stream_type, stream_id, order_uid }) => [stream_type, stream_id, order_uid])).toEqual([
      ['order', one, one],
      ['order', other, other],
      ['shelf', one, one],
      ['shelf', one, other],
      ['shelf', one, undefined],
      ['order', one, one],
    ])
  })

  test('make up the history of an order, in the order of the log', async () => {
    expect(named(await read(`/api/orders/${one}/events`))).toEqual([
      'order order.placed 1',
      'shelf stock.held 1',
      'order order.on_hold 2',
    ])
    expect(named(await read(`/api/orders/${other}/events?limit=1`))).toEqual([
      'order order.placed 1',
      'shelf stock.held 2',
    ])
  })

  const filters: [string, string[]][] = [
    [`order_uid=${one}`, ['order order.placed 1', 'shelf stock.held 1', 'order order.on_hold 2']],
    [`order_uid=${one}&type=stock.held`, ['shelf stock.held 1']],
    [`order_uid=${one}&customer_id=of-${other}`, []],
    [`stream_type=shelf`, ['shelf stock.held 1', 'shelf stock.held 2', 'shelf stock.counted 3']],
    [`stream_type=order&type=stock.held`, []],
    [`stream_id=${one}&stream_type=shelf`, ['shelf stock.held 1', 'shelf stock.held 2', 'shelf stock.counted 3']],
    [`stream_id=${one}&stream_type=order`, ['order order.placed 1', 'order order.on_hold 2']],
    [
      `stream_id=${one}`,
      [
        'order order.placed 1',
        'shelf stock.held 1',
        'shelf stock.held 2',
        'shelf stock.counted 3',
        'order order.on_hold 2',
      ],
    ],
    [`customer_id=of-${other}`, ['order order.placed 1', 'shelf stock.held 2']],
    [`stream_type=shelf&order_uid=${other}`, ['shelf stock.held 2']],
  ]

  test.each(filters)('are narrowed by %s, forth, back and in pages of one', async (filter, expected) => {
    expect(named(await read(`/api/events?${filter}`))).toEqual(expected)
    expect(named(await read(`/api/events?limit=1&${filter}`))).toEqual(expected)
    expect(named(await read(`/api/events?sort=newest&${filter}`)).toReversed()).toEqual(expected)
  })

  test.each(filters.filter(([, expected]) => expected.length > 0))('are followed by %s', async (filter, expected) => {
    const headers = { accept: 'text/event-stream', 'last-event-id': '0-0' }
    const reader = ((await t.call('GET', `/api/events?${filter}`, { headers })).body ?? new Blob().stream()).getReader()
    const seen: EventJson[] = []
    for await (const { data } of framesOf(reader)) {
      if (data !== undefined) seen.push(JSON.parse(data))
      if (seen.length === expected.length) break
    }
    await reader.cancel()
    expect(named(seen)).toEqual(expected)
    await eventually('nobody follows', () => t.app.feed.followers === 0)
  })

  test.each(['stream_type=crate', 'stream_id=', 'order_uid=a%00'])('refuse the filter %s', async filter => {
    expect((await t.call('GET', `/api/events?${filter}`)).status).toBe(400)
  })

  test('are published with the key of their order, else of their stream', async () => {
    const { events } = await readLog(t.app.eventLog, logStart, 10)
    const messages = events.map(toCloudEvent)
    const headers = messages.map(message =>
      Object.fromEntries((message.headers ?? []).map(([name, value]) => [name, value])),
    )
    expect(messages.map(({ key }) => key)).toEqual([one, other, one, other, one, one])
    expect(headers[3]).toMatchObject({ ce_subject: one, ce_streamtype: 'shelf', ce_orderuid: other, ce_sequence: '2' })
    expect(headers[0]).toMatchObject({ ce_subject: one, ce_streamtype: 'order' })
    expect(headers[0]).not.toHaveProperty('ce_orderuid')
  })

  test('are checked by the rules of each', async () => {
    const { results } = await verifyDatabase(t.pool, all, { nowMs: Date.now(), ...valuesOf({}, all) })
    // The heads of the example name another shelf than the one that has events.
    expect(results.filter(({ broken }) => broken > 0).map(({ says }) => says)).toEqual([
      'an event of a stream of type shelf is of one that is there',
      'the events of a stream of type shelf are numbered from the first that is kept to its version, without a gap',
    ])
  })
})

test('an id that would have to be escaped is refused', async () => {
  const wrong = { ...ofShelf(1, held), streamId: 'a"b' }
  expect(() => copyOfEvents([wrong])).toThrow('id that no stream can have')
  const appending = inTransaction(t.pool, client => appendEvent(client, { ...ofShelf(9, held), concernsOrder: '' }))
  expect(await appending.catch(String)).toContain('id that no stream can have')
})

test('an event of an order writes no more than it did: type and order are left to the defaults', () => {
  const [placed] = t.app.eventLog.streams
  const definition = defineEvent({ ...held, stream: placed?.type ?? '' })
  const statement = copyOfEvents([{ ...ofShelf(1, held), definition }]).statement
  expect(statement).toBe(
    'copy events (stream_id, sequence, type, recorded_at, traceparent, data) from stdin (format binary)',
  )
})
