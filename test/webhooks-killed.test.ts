import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { isSignedWith, type Receiver, startReceiver } from './receiver.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'

setDefaultTimeout(120_000)

let receiver: Receiver

afterEach(async () => {
  await endServices()
  await receiver.close()
})

test('a service killed between sending and saving its checkpoint loses no event, and keeps the sequence of each order', async () => {
  receiver = await startReceiver()
  const { address } = await createMigratedDatabase()
  const env = { ...databaseEnv(address), WEBHOOKS_ALLOW_PRIVATE: 'true' }
  let service = await startServiceProcess({ env })
  const made = await fetch(`${service.url}/api/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ url: receiver.url }),
  })
  const { secret } = JSON.parse(await made.text()) as { secret: string }
  const uids: string[] = []
  // Every seventh event is refused the first time, so that some are parked while the service dies.
  const refused = new Set<string>()
  receiver.answer = ({ event }) => {
    if (Number(event.id) % 7 !== 0 || refused.has(event.id)) return 200
    refused.add(event.id)
    return 500
  }
  for (let round = 0; round < 3; round += 1) {
    const before = receiver.received.length
    for (const order of makeOrders(40, `killed-${round}`)) {
      expect((await post(service.url, JSON.stringify(order)))?.status).toBe(201)
      uids.push(order.order_uid)
      for (const command of ['hold', 'confirm']) {
        const path = `/api/orders/${order.order_uid}/${command}`
        expect((await fetch(service.url + path, { method: 'POST' })).status).toBe(200)
      }
    }
    await eventually('some were sent', () => receiver.received.length > before + 20).catch(e => {
      console.log(round, before, receiver.received.length, service.output().slice(-3000))
      throw e
    })
    service.kill('SIGKILL')
    await service.exited
    service = await startServiceProcess({ env })
  }
  const sequences = (uid: string) => receiver.sequencesOf(uid)
  await eventually('all came', () => uids.every(uid => new Set(sequences(uid)).size === 3), 60_000)
  for (const uid of uids) {
    // Repeated events arrive in order; a later event never arrives before an earlier one.
    let highest = 0
    for (const sequence of sequences(uid)) {
      expect(sequence).toBeLessThanOrEqual(highest + 1)
      highest = Math.max(highest, sequence)
    }
  }
  expect(receiver.received.filter(received => !isSignedWith(secret, received))).toEqual([])
  expect(service.output()).not.toContain('token=hidden')
  expect(service.output()).not.toContain(secret)
  service.kill('SIGTERM')
  expect(await service.exited).toEqual({ code: 0, signal: null })
})
