import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { stageDeliveries } from '../../test/deliveries.ts'
import { eventually } from '../../test/kafka.ts'
import { startReceiver } from '../../test/receiver.ts'
import type { WebhookJson } from '../../test/webhooks.ts'

setDefaultTimeout(30_000)

const stage = stageDeliveries()
const { place, settle, command, read, came, isIdle, distinct } = stage

describe('a receiver that fails', () => {
  test('for one order only: later events of that order wait, the others go on; then all come in order', async () => {
    const { id } = await stage.app.subscribe(stage.receiver.url)
    const [bad = '', good = ''] = await place(2)
    await came(2)
    let isBroken = true
    stage.receiver.answer = ({ event }) => (event.order_uid === bad && isBroken ? 500 : 200)
    await command(bad, 'hold', 'confirm')
    await command(good, 'hold', 'confirm')
    await eventually('the good ones came', () => stage.receiver.sequencesOf(good).length === 3)
    await eventually('both are in the retry queue', async () => (await read(id)).parked === 2)
    expect(distinct(bad)).toEqual([1, 2])
    isBroken = false
    await eventually('the others came', () => distinct(bad).length === 3)
    await eventually('nothing waits', () => isIdle(id))
    expect(stage.receiver.sequencesOf(bad).toSorted()).toEqual(stage.receiver.sequencesOf(bad))
    const logged = async () => {
      const log = await stage.app.deliveries(id, `?order_uid=${bad}`)
      return log.filter(({ sequence }) => sequence === 2).toReversed()
    }
    await eventually('all is logged', async () => (await logged()).at(-1)?.outcome === 'delivered')
    const ofSecond = await logged()
    expect(ofSecond.map(({ attempt }) => attempt)).toEqual(ofSecond.map((_, index) => index + 1))
    expect(ofSecond.map(({ outcome }) => outcome)).toEqual([...Array(ofSecond.length - 1).fill('failed'), 'delivered'])
  })

  test('altogether: it is asked once a pause, nothing is lost, and the order is kept when it is back', async () => {
    await stage.deliverBy({ failuresBeforePause: 3, requestsMax: 4, retryAfterMs: Array(1_000).fill(20) })
    stage.receiver.answer = (_, response) => {
      setTimeout(() => response.writeHead(503).end(), 5)
      return undefined
    }
    const { id } = await stage.app.subscribe(stage.receiver.url)
    const uids = await place(30)
    for (const uid of uids) await command(uid, 'hold', 'confirm')
    await eventually('it is failing', async () => (await read(id)).status === 'failing')
    // Three failures, and what was under way when the third came; the next request is the first of a pause.
    await came(3 + 3 + 1)
    stage.receiver.concurrentMost = 0
    await came(stage.receiver.received.length + 12)
    expect(stage.receiver.concurrentMost).toBe(1)
    stage.receiver.answer = () => 200
    stage.receiver.received.length = 0
    await eventually('nothing waits', () => isIdle(id))
    for (const uid of uids) {
      const sequences = distinct(uid)
      expect(sequences).toEqual(sequences.toSorted())
    }
    expect(await read(id)).toMatchObject({ status: 'active', failing_since: null, parked: 0 })
    await eventually('every event is logged as delivered', async () => {
      const delivered = await stage.app.deliveries(id, '?outcome=delivered&limit=1000')
      return new Set(delivered.map(each => `${each.order_uid} ${each.sequence}`)).size === 90
    })
  })

  test('by hanging holds up nothing but itself', async () => {
    const hanging = await startReceiver(() => undefined)
    const { id } = await stage.app.subscribe(hanging.url)
    await stage.app.subscribe(stage.receiver.url)
    await place(10)
    await came(10)
    await eventually('it hangs', () => hanging.received.length > 0)
    await stage.stop()
    // Its requests were broken off: one that had waited for its own deadline would be logged.
    expect(await stage.app.deliveries(id)).toEqual([])
    await hanging.close()
  })

  test('too often with one event: it is given up, and those behind it come', async () => {
    await stage.deliverBy({ retryAfterMs: [10, 10] })
    const { id } = await stage.app.subscribe(stage.receiver.url)
    const [uid = ''] = await place()
    await came(1)
    stage.receiver.answer = ({ event }) => (event.sequence === 2 ? 422 : 200)
    await command(uid, 'hold', 'confirm')
    await eventually('the third came', () => stage.receiver.sequencesOf(uid).includes(3))
    expect(stage.receiver.sequencesOf(uid)).toEqual([1, 2, 2, 2, 3])
    await eventually('nothing waits', () => isIdle(id))
    const givenUp = () => stage.app.deliveries(id, '?outcome=given_up')
    await eventually('it is logged', async () => (await givenUp()).length === 1)
    expect((await givenUp())[0]).toMatchObject({ sequence: 2, attempt: 3, status: 422 })
  })

  test('with a full retry queue: its checkpoint waits, visibly, and continues later', async () => {
    await stage.deliverBy({ retriesMax: 5, failuresBeforePause: 1_000, retryAfterMs: [600_000] })
    const elsewhere = await startReceiver()
    stage.receiver.answer = () => 500
    const { id } = await stage.app.subscribe(stage.receiver.url)
    await place(5)
    await eventually('the retry queue is full', async () => {
      const { parked, behind_seconds } = await read(id)
      return parked === 5 && behind_seconds === 0
    })
    const other = await stage.app.subscribe(elsewhere.url)
    await place(15)
    await eventually('others are delivered to', () => elsewhere.received.length === 15)
    await eventually('the other subscription has nothing left', () => isIdle(other.id))
    const { parked, behind_seconds } = await read(id)
    expect(parked).toBe(5)
    expect(behind_seconds).toBeGreaterThan(0)
    expect(stage.receiver.received).toHaveLength(5)
    stage.receiver.answer = () => 200
    stage.receiver.received.length = 0
    await stage.app.ask('POST', `/api/webhooks/${id}/disable`)
    await stage.app.ask('POST', `/api/webhooks/${id}/enable`)
    await eventually('nothing waits', () => isIdle(id))
    expect(new Set(stage.receiver.received.map(({ event }) => event.order_uid)).size).toBe(20)
    await elsewhere.close()
  })
})

describe('a subscription is disabled', () => {
  test('at once by 410 Gone, and continues where it was when it is enabled', async () => {
    stage.receiver.answer = () => 410
    const { id } = await stage.app.subscribe(stage.receiver.url)
    const [uid = ''] = await place()
    await eventually('it is disabled', async () => (await read(id)).status === 'disabled')
    const { disabled } = await read(id)
    expect(disabled?.reason).toBe('gone')
    const keptMs = Date.parse(disabled?.place_kept_until ?? '') - Date.parse(disabled?.at ?? '')
    expect(keptMs).toBe(7 * 24 * 3_600_000)
    await command(uid, 'hold')
    await place()
    stage.receiver.answer = () => 200
    stage.receiver.received.length = 0
    const enabled = await stage.app.ask<WebhookJson>('POST', `/api/webhooks/${id}/enable`)
    expect(enabled.json).toMatchObject({ disabled: null, failing_since: null })
    await came(3)
    expect(stage.receiver.sequencesOf(uid)).toEqual([1, 2])
    await eventually('nothing waits', () => isIdle(id))
  })

  test('when nothing could be delivered for too long', async () => {
    await stage.deliverBy({ disableAfterMs: 300 })
    stage.receiver.answer = () => 500
    const { id } = await stage.app.subscribe(stage.receiver.url)
    await place()
    await eventually('it is disabled', async () => (await read(id)).disabled?.reason === 'failing')
    expect(Date.parse((await read(id)).failing_since ?? '')).toBeLessThan(Date.now())
    await eventually('the attempts are logged', async () => (await stage.app.deliveries(id)).length > 1)
  })

  test('until its checkpoint is removed: what happened meanwhile is missed, later events arrive', async () => {
    const { id } = await stage.app.subscribe(stage.receiver.url)
    await stage.app.ask('POST', `/api/webhooks/${id}/disable`)
    await stage.app.pool.query(`update webhooks set disabled_at = now() - interval '7 days 1 second' where id = $1`, [
      id,
    ])
    await settle(await place(2))
    await stage.deliverBy({})
    await eventually('its checkpoint is gone', async () => (await read(id)).disabled?.place_kept_until === null)
    await stage.app.ask('POST', `/api/webhooks/${id}/enable`)
    const [uid = ''] = await place()
    await came(1)
    expect(stage.receiver.received.map(({ event }) => event.order_uid)).toEqual([uid])
  })
})
