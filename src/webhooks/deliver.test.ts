import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { eventually } from '../../test/kafka.ts'
import { isSignedWith, type Receiver, startReceiver } from '../../test/receiver.ts'
import { createWebhookApp, type WebhookJson } from '../../test/webhooks.ts'
import { exampleOrder } from '../orders/example.ts'
import type { DeliveryRules } from './webhook.ts'

setDefaultTimeout(30_000)

let t: Awaited<ReturnType<typeof createWebhookApp>>
let receiver: Receiver
let delivering: { stop(): Promise<void> }

beforeAll(async () => {
  t = await createWebhookApp()
})

beforeEach(async () => {
  receiver = await startReceiver()
  delivering = t.deliver()
})

afterEach(async () => {
  await delivering.stop()
  for (const { id } of (await t.ask<WebhookJson[]>('GET', '/api/webhooks')).json) {
    await t.ask('DELETE', `/api/webhooks/${id}`)
  }
  await receiver.close()
})

afterAll(() => t.close())

/** Delivers with other rules from now on. */
async function deliverBy(rules: Partial<DeliveryRules>) {
  await delivering.stop()
  delivering = t.deliver(rules)
}

async function place(count = 1): Promise<string[]> {
  const orders = Array.from({ length: count }, () => exampleOrder(crypto.randomUUID(), Date.now(), Math.random))
  for (const body of orders) expect((await t.ask('POST', '/api/orders', body)).status).toBe(201)
  return orders.map(order => order.order_uid)
}

/** Waits until orders are behind the checkpoint at which a subscription would begin. */
async function settle(uids: string[]) {
  for (const uid of uids) {
    // An order is there at once; its event is behind every transaction that was open then, in whatever database.
    await eventually('its event can be read', async () => {
      const { json } = await t.ask('GET', `/api/orders/${uid}/events`)
      return Array.isArray(json) && json.length > 0
    })
  }
}

async function command(uid: string, ...names: string[]) {
  for (const name of names) expect((await t.ask('POST', `/api/orders/${uid}/${name}`)).status).toBe(200)
}

const read = async (id: string) => (await t.ask<WebhookJson>('GET', `/api/webhooks/${id}`)).json

const countParked = async (id: string) => (await read(id)).parked

const came = (count: number) => eventually(`${count} came`, () => receiver.received.length >= count)

/** Whether nothing waits: neither in the retry queue nor behind the checkpoint. */
const isIdle = async (id: string) => {
  const { parked, behind_seconds } = await read(id)
  return parked === 0 && behind_seconds === 0
}

/** What came of an order without what came again. */
const distinct = (uid: string) => [...new Set(receiver.sequencesOf(uid))]

describe('a subscription', () => {
  test('gets what happens from then on: signed, and byte for byte what the API shows', async () => {
    await settle(await place())
    const { id, secret } = await t.subscribe(receiver.url)
    const [uid = ''] = await place()
    await command(uid, 'hold')
    await came(2)
    const shown = await (await t.call('GET', `/api/orders/${uid}/events`)).text()
    expect(`[${receiver.received.map(({ body }) => body).join(',')}]`).toBe(shown)
    for (const received of receiver.received) {
      expect(isSignedWith(secret, received)).toBe(true)
      expect(received.headers['webhook-id']).toBe(received.event.id)
      expect(received.headers['content-type']).toBe('application/json')
    }
    await eventually('its checkpoint is saved', () => isIdle(id))
    await eventually('both are logged', async () => (await t.deliveries(id)).length === 2)
    const log = await t.deliveries(id)
    expect(log.map(({ sequence, outcome, attempt, status }) => [sequence, outcome, attempt, status])).toEqual([
      [2, 'delivered', 1, 200],
      [1, 'delivered', 1, 200],
    ])
    expect(log[0]).toMatchObject({ order_uid: uid, event_type: 'order.on_hold', answer: 'answered 200', error: null })
  })

  test('gets the trace of what made the change as a header, when it is sent and when it is sent again', async () => {
    await settle(await place())
    const { id } = await t.subscribe(receiver.url)
    const [uid = ''] = await place()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect((await t.call('POST', `/api/orders/${uid}/hold`, { headers: { traceparent } })).status).toBe(200)
    await came(2)
    await eventually('both are logged', async () => (await t.deliveries(id)).length === 2)
    const held = (await t.deliveries(id)).find(({ sequence }) => sequence === 2)
    expect((await t.ask('POST', `/api/webhooks/${id}/deliveries/${held?.id}/redeliver`)).status).toBe(200)
    expect(receiver.received.map(({ headers }) => headers.traceparent)).toEqual([undefined, traceparent, traceparent])
  })

  test('gets only the types that it wants, and comes to the end of the log all the same', async () => {
    const { id } = await t.subscribe(receiver.url, { event_types: ['order.cancelled', 'order.on_hold'] })
    const [uid = '', other = ''] = await place(2)
    await command(uid, 'hold', 'confirm', 'cancel')
    await command(other, 'complete')
    await came(2)
    expect(receiver.sequencesOf(uid)).toEqual([2, 4])
    await eventually('it is at the end', () => isIdle(id))
    expect(receiver.received).toHaveLength(2)
  })

  test('gets events of many orders side by side, those of one in their order and one at a time', async () => {
    const underWay = new Set<string>()
    const areSideBySide = Promise.withResolvers<void>()
    receiver.answer = ({ event }, response) => {
      expect(underWay.has(event.order_uid)).toBe(false)
      underWay.add(event.order_uid)
      if (underWay.size > 4) areSideBySide.resolve()
      const answer = () => {
        underWay.delete(event.order_uid)
        response.writeHead(200).end()
      }
      areSideBySide.promise.then(() => setTimeout(answer, Math.random() * 20))
      return undefined
    }
    await t.subscribe(receiver.url)
    const uids = await place(20)
    await Promise.all(uids.map(uid => command(uid, 'hold', 'confirm', 'hold', 'cancel')))
    await came(100)
    for (const uid of uids) expect(receiver.sequencesOf(uid)).toEqual([1, 2, 3, 4, 5])
    expect(receiver.concurrentMost).toBeGreaterThan(4)
    expect(receiver.concurrentMost).toBeLessThanOrEqual(16)
  })

  test('goes on where it was when the service was away', async () => {
    const { id } = await t.subscribe(receiver.url)
    await place(3)
    await came(3)
    await delivering.stop()
    await place(5)
    expect(receiver.received).toHaveLength(3)
    delivering = t.deliver()
    await came(8)
    await eventually('it is at the end', () => isIdle(id))
    expect(receiver.received).toHaveLength(8)
  })

  test('is served by one instance at a time, and by another when that one ends', async () => {
    const other = t.deliver()
    const { id } = await t.subscribe(receiver.url)
    await place(20)
    await came(20)
    await eventually('it is at the end', () => isIdle(id))
    expect(receiver.received).toHaveLength(20)
    await delivering.stop()
    await place(5)
    await came(25)
    await other.stop()
    expect(receiver.received).toHaveLength(25)
  })

  test('whose URL, types or secret change goes on with the new ones', async () => {
    const elsewhere = await startReceiver()
    const { id, secret } = await t.subscribe(receiver.url)
    await place()
    await came(1)
    const rotated = await t.ask<WebhookJson>('POST', `/api/webhooks/${id}/rotate-secret`)
    await t.ask('PATCH', `/api/webhooks/${id}`, { url: elsewhere.url, event_types: ['order.on_hold'] })
    const [uid = ''] = await place()
    await command(uid, 'hold')
    await eventually('it goes elsewhere', () => elsewhere.received.some(({ event }) => event.type === 'order.on_hold'))
    const last = elsewhere.received.at(-1)
    if (last === undefined) throw new Error('nothing came')
    expect(isSignedWith(secret, last)).toBe(true)
    expect(isSignedWith(rotated.json.secret, last)).toBe(true)
    await elsewhere.close()
  })
})

describe('a receiver that fails', () => {
  test('for one order only: later events of that order wait, the others go on; then all come in order', async () => {
    const { id } = await t.subscribe(receiver.url)
    const [bad = '', good = ''] = await place(2)
    await came(2)
    let isBroken = true
    receiver.answer = ({ event }) => (event.order_uid === bad && isBroken ? 500 : 200)
    await command(bad, 'hold', 'confirm')
    await command(good, 'hold', 'confirm')
    await eventually('the good ones came', () => receiver.sequencesOf(good).length === 3)
    await eventually('both are in the retry queue', async () => (await countParked(id)) === 2)
    expect(distinct(bad)).toEqual([1, 2])
    isBroken = false
    await eventually('the others came', () => distinct(bad).length === 3)
    await eventually('nothing waits', () => isIdle(id))
    expect(receiver.sequencesOf(bad).toSorted()).toEqual(receiver.sequencesOf(bad))
    const logged = async () => {
      const log = await t.deliveries(id, `?order_uid=${bad}`)
      return log.filter(({ sequence }) => sequence === 2).toReversed()
    }
    await eventually('all is logged', async () => (await logged()).at(-1)?.outcome === 'delivered')
    const ofSecond = await logged()
    expect(ofSecond.map(({ attempt }) => attempt)).toEqual(ofSecond.map((_, index) => index + 1))
    expect(ofSecond.map(({ outcome }) => outcome)).toEqual([...Array(ofSecond.length - 1).fill('failed'), 'delivered'])
  })

  test('altogether: it is asked once a pause, nothing is lost, and the order is kept when it is back', async () => {
    await deliverBy({ failuresBeforePause: 3, requestsMax: 4, retryAfterMs: Array(1_000).fill(20) })
    receiver.answer = (_, response) => {
      setTimeout(() => response.writeHead(503).end(), 5)
      return undefined
    }
    const { id } = await t.subscribe(receiver.url)
    const uids = await place(30)
    for (const uid of uids) await command(uid, 'hold', 'confirm')
    await eventually('it is failing', async () => (await read(id)).status === 'failing')
    // Three failures, and what was under way when the third came; the next request is the first of a pause.
    await came(3 + 3 + 1)
    receiver.concurrentMost = 0
    await came(receiver.received.length + 12)
    expect(receiver.concurrentMost).toBe(1)
    receiver.answer = () => 200
    receiver.received.length = 0
    await eventually('nothing waits', () => isIdle(id))
    for (const uid of uids) {
      const sequences = distinct(uid)
      expect(sequences).toEqual(sequences.toSorted())
    }
    expect(await read(id)).toMatchObject({ status: 'active', failing_since: null, parked: 0 })
    await eventually('every event is logged as delivered', async () => {
      const delivered = await t.deliveries(id, '?outcome=delivered&limit=1000')
      return new Set(delivered.map(each => `${each.order_uid} ${each.sequence}`)).size === 90
    })
  })

  test('by hanging holds up nothing but itself', async () => {
    const hanging = await startReceiver(() => undefined)
    await t.subscribe(hanging.url)
    await t.subscribe(receiver.url)
    await place(10)
    await came(10)
    expect(hanging.received.length).toBeGreaterThan(0)
    const stoppingMs = Date.now()
    await delivering.stop()
    expect(Date.now() - stoppingMs).toBeLessThan(2_000)
    await hanging.close()
  })

  test('too often with one event: it is given up, and those behind it come', async () => {
    await deliverBy({ retryAfterMs: [10, 10] })
    const { id } = await t.subscribe(receiver.url)
    const [uid = ''] = await place()
    await came(1)
    receiver.answer = ({ event }) => (event.sequence === 2 ? 422 : 200)
    await command(uid, 'hold', 'confirm')
    await eventually('the third came', () => receiver.sequencesOf(uid).includes(3))
    expect(receiver.sequencesOf(uid)).toEqual([1, 2, 2, 2, 3])
    await eventually('nothing waits', () => isIdle(id))
    const givenUp = () => t.deliveries(id, '?outcome=given_up')
    await eventually('it is logged', async () => (await givenUp()).length === 1)
    expect((await givenUp())[0]).toMatchObject({ sequence: 2, attempt: 3, status: 422 })
  })

  test('with a full retry queue: its checkpoint waits, visibly, and continues later', async () => {
    await deliverBy({ retriesMax: 5, windowEventsMax: 3, failuresBeforePause: 1_000, retryAfterMs: [600_000] })
    receiver.answer = () => 500
    const { id } = await t.subscribe(receiver.url)
    await place(20)
    await eventually('no more are taken', async () => (await countParked(id)) >= 5)
    const { parked, behind_seconds } = await read(id)
    expect(parked).toBeLessThan(20)
    expect(behind_seconds).toBeGreaterThan(0)
    receiver.answer = () => 200
    receiver.received.length = 0
    await t.ask('POST', `/api/webhooks/${id}/disable`)
    await t.ask('POST', `/api/webhooks/${id}/enable`)
    await eventually('nothing waits', () => isIdle(id))
    expect(new Set(receiver.received.map(({ event }) => event.order_uid)).size).toBe(20)
  })
})

describe('a subscription is disabled', () => {
  test('at once by 410 Gone, and goes on where it was when it is enabled', async () => {
    receiver.answer = () => 410
    const { id } = await t.subscribe(receiver.url)
    const [uid = ''] = await place()
    await eventually('it is disabled', async () => (await read(id)).status === 'disabled')
    const { disabled } = await read(id)
    expect(disabled?.reason).toBe('gone')
    const keptMs = Date.parse(disabled?.place_kept_until ?? '') - Date.parse(disabled?.at ?? '')
    expect(keptMs).toBe(7 * 24 * 3_600_000)
    await command(uid, 'hold')
    await place()
    receiver.answer = () => 200
    receiver.received.length = 0
    const enabled = await t.ask<WebhookJson>('POST', `/api/webhooks/${id}/enable`)
    expect(enabled.json).toMatchObject({ disabled: null, failing_since: null })
    await came(3)
    expect(receiver.sequencesOf(uid)).toEqual([1, 2])
    await eventually('nothing waits', () => isIdle(id))
  })

  test('when nothing could be delivered for too long', async () => {
    await deliverBy({ disableAfterMs: 300 })
    receiver.answer = () => 500
    const { id } = await t.subscribe(receiver.url)
    await place()
    await eventually('it is disabled', async () => (await read(id)).disabled?.reason === 'failing')
    expect(Date.parse((await read(id)).failing_since ?? '')).toBeLessThan(Date.now())
    await eventually('the attempts are logged', async () => (await t.deliveries(id)).length > 1)
  })

  test('until its checkpoint is removed: what happened meanwhile is missed, later events arrive', async () => {
    const { id } = await t.subscribe(receiver.url)
    await t.ask('POST', `/api/webhooks/${id}/disable`)
    await t.pool.query(`update webhooks set disabled_at = now() - interval '7 days 1 second' where id = $1`, [id])
    await settle(await place(2))
    await deliverBy({})
    await eventually('its checkpoint is gone', async () => (await read(id)).disabled?.place_kept_until === null)
    await t.ask('POST', `/api/webhooks/${id}/enable`)
    const [uid = ''] = await place()
    await came(1)
    expect(receiver.received.map(({ event }) => event.order_uid)).toEqual([uid])
  })
})

describe('a delivery', () => {
  test('is sent again when asked for, with a new signature, and its answer is logged', async () => {
    receiver.answer = () => 500
    const { id, secret } = await t.subscribe(receiver.url)
    const [uid = ''] = await place()
    await eventually('the failure is logged', async () => (await t.deliveries(id)).length > 0)
    await t.ask('POST', `/api/webhooks/${id}/disable`)
    const failed = (await t.deliveries(id)).at(-1)
    receiver.answer = () => 202
    receiver.received.length = 0
    const path = `/api/webhooks/${id}/deliveries`
    const again = await t.ask('POST', `${path}/${failed?.id}/redeliver`)
    expect(again).toMatchObject({
      status: 200,
      json: { order_uid: uid, sequence: 1, attempt: 0, outcome: 'delivered', status: 202, answer: 'answered 202' },
    })
    const last = receiver.received.at(-1)
    expect(last && isSignedWith(secret, last)).toBe(true)
    const { id: logged } = again.json as { id: string }
    expect((await t.ask('GET', `${path}/${logged}`)).json).toEqual(again.json)
  })
})
