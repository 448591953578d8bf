import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { stageDeliveries } from '../../test/deliveries.ts'
import { eventually } from '../../test/kafka.ts'
import { isSignedWith, startReceiver } from '../../test/receiver.ts'
import type { WebhookJson } from '../../test/webhooks.ts'

setDefaultTimeout(30_000)

const stage = stageDeliveries()
const { place, settle, command, came, isIdle } = stage

describe('a subscription', () => {
  test('gets what happens from then on: signed, and byte for byte what the API shows', async () => {
    await settle(await place())
    const { id, secret } = await stage.app.subscribe(stage.receiver.url)
    const [uid = ''] = await place()
    await command(uid, 'hold')
    await came(2)
    const shown = await (await stage.app.call('GET', `/api/orders/${uid}/events`)).text()
    expect(`[${stage.receiver.received.map(({ body }) => body).join(',')}]`).toBe(shown)
    for (const received of stage.receiver.received) {
      expect(isSignedWith(secret, received)).toBe(true)
      expect(received.headers['webhook-id']).toBe(received.event.id)
      expect(received.headers['content-type']).toBe('application/json')
    }
    await eventually('its checkpoint is saved', () => isIdle(id))
    await eventually('both are logged', async () => (await stage.app.deliveries(id)).length === 2)
    const log = await stage.app.deliveries(id)
    expect(log.map(({ sequence, outcome, attempt, status }) => [sequence, outcome, attempt, status])).toEqual([
      [2, 'delivered', 1, 200],
      [1, 'delivered', 1, 200],
    ])
    expect(log[0]).toMatchObject({ order_uid: uid, event_type: 'order.on_hold', answer: 'answered 200', error: null })
  })

  test('gets the trace of what made the change as a header, when it is sent and when it is sent again', async () => {
    await settle(await place())
    const { id } = await stage.app.subscribe(stage.receiver.url)
    const [uid = ''] = await place()
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    expect((await stage.app.call('POST', `/api/orders/${uid}/hold`, { headers: { traceparent } })).status).toBe(200)
    await came(2)
    await eventually('both are logged', async () => (await stage.app.deliveries(id)).length === 2)
    const held = (await stage.app.deliveries(id)).find(({ sequence }) => sequence === 2)
    expect((await stage.app.ask('POST', `/api/webhooks/${id}/deliveries/${held?.id}/redeliver`)).status).toBe(200)
    expect(stage.receiver.received.map(({ headers }) => headers.traceparent)).toEqual([
      undefined,
      traceparent,
      traceparent,
    ])
  })

  test('gets only the types that it wants, and comes to the end of the log all the same', async () => {
    const { id } = await stage.app.subscribe(stage.receiver.url, { event_types: ['order.cancelled', 'order.on_hold'] })
    const [uid = '', other = ''] = await place(2)
    await command(uid, 'hold', 'confirm', 'cancel')
    await command(other, 'complete')
    await came(2)
    expect(stage.receiver.sequencesOf(uid)).toEqual([2, 4])
    await eventually('it is at the end', () => isIdle(id))
    expect(stage.receiver.received).toHaveLength(2)
  })

  test('gets events of many orders side by side, those of one in their order and one at a time', async () => {
    const underWay = new Set<string>()
    const areSideBySide = Promise.withResolvers<void>()
    stage.receiver.answer = ({ event }, response) => {
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
    await stage.app.subscribe(stage.receiver.url, { event_types: ['order.*'] })
    const uids = await place(20)
    await Promise.all(uids.map(uid => command(uid, 'hold', 'confirm', 'hold', 'cancel')))
    await came(100)
    for (const uid of uids) expect(stage.receiver.sequencesOf(uid)).toEqual([1, 2, 3, 4, 5])
    expect(stage.receiver.concurrentMost).toBeGreaterThan(4)
    expect(stage.receiver.concurrentMost).toBeLessThanOrEqual(16)
  })

  test('continues where it was after the service was down', async () => {
    const { id } = await stage.app.subscribe(stage.receiver.url)
    await place(3)
    await came(3)
    await stage.stop()
    await place(5)
    expect(stage.receiver.received).toHaveLength(3)
    stage.deliver()
    await came(8)
    await eventually('it is at the end', () => isIdle(id))
    expect(stage.receiver.received).toHaveLength(8)
  })

  test('is served by one instance at a time, and by another when that one ends', async () => {
    const other = stage.app.deliver()
    const { id } = await stage.app.subscribe(stage.receiver.url)
    await place(20)
    await came(20)
    await eventually('it is at the end', () => isIdle(id))
    expect(stage.receiver.received).toHaveLength(20)
    await stage.stop()
    await place(5)
    await came(25)
    await other.stop()
    expect(stage.receiver.received).toHaveLength(25)
  })

  test('whose URL, types or secret change goes on with the new ones', async () => {
    const elsewhere = await startReceiver()
    const { id, secret } = await stage.app.subscribe(stage.receiver.url)
    await place()
    await came(1)
    const rotated = await stage.app.ask<WebhookJson>('POST', `/api/webhooks/${id}/rotate-secret`)
    await stage.app.ask('PATCH', `/api/webhooks/${id}`, { url: elsewhere.url, event_types: ['order.on_hold'] })
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

describe('a delivery', () => {
  test('is sent again when asked for, with a new signature, and its answer is logged', async () => {
    stage.receiver.answer = () => 500
    const { id, secret } = await stage.app.subscribe(stage.receiver.url)
    const [uid = ''] = await place()
    await eventually('the failure is logged', async () => (await stage.app.deliveries(id)).length > 0)
    await stage.app.ask('POST', `/api/webhooks/${id}/disable`)
    const failed = (await stage.app.deliveries(id)).at(-1)
    stage.receiver.answer = () => 202
    stage.receiver.received.length = 0
    const path = `/api/webhooks/${id}/deliveries`
    const again = await stage.app.ask('POST', `${path}/${failed?.id}/redeliver`)
    expect(again).toMatchObject({
      status: 200,
      json: { order_uid: uid, sequence: 1, attempt: 0, outcome: 'delivered', status: 202, answer: 'answered 202' },
    })
    const last = stage.receiver.received.at(-1)
    expect(last && isSignedWith(secret, last)).toBe(true)
    const { id: logged } = again.json as { id: string }
    expect((await stage.app.ask('GET', `${path}/${logged}`)).json).toEqual(again.json)
  })
})
