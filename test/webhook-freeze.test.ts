import { afterEach, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { eventually } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { type Receiver, startReceiver } from './receiver.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'

setDefaultTimeout(180_000)

/** Each instance is frozen once; more rounds on request. */
const rounds = Number(process.env.ORDERS_FREEZE_ROUNDS || 2)
const replacedWithinMs = 25_000
const leading = 'this instance delivers webhooks'
const interruption = 'interrupted: the instance that delivers webhooks'
const commands = ['hold', 'confirm', 'complete'] as const

let receiver: Receiver
afterEach(async () => {
  await endServices()
  await receiver.close()
})

const linesOf = (service: ServiceProcess, text: string) =>
  service
    .output()
    .split('\n')
    .filter(line => line.includes(text))

/** When a service began to deliver last, in milliseconds since 1970; 0 when it never did. */
function ledSince(service: ServiceProcess): number {
  const line = linesOf(service, leading).at(-1)
  return line === undefined ? 0 : Number(new Date(JSON.parse(line).time))
}

test('a leader frozen while it delivers sends nothing when it wakes: the receiver gets the events of each order in sequence', async () => {
  receiver = await startReceiver((_, response) => {
    setTimeout(() => response.writeHead(200).end(), 30)
    return undefined
  })
  const { address } = await createMigratedDatabase()
  const env = { ...databaseEnv(address), WEBHOOKS_ALLOW_PRIVATE: 'true' }
  const services = [await startServiceProcess({ env }), await startServiceProcess({ env })]
  const headers = { 'content-type': 'application/json' }
  const hook = { method: 'POST', headers, body: JSON.stringify({ url: receiver.url }) }
  expect((await fetch(`${services[0]?.url}/api/webhooks`, hook)).status).toBe(201)
  const uids: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    await eventually('somebody leads', () => services.some(service => ledSince(service) > 0))
    const [leader, other] = services.toSorted((one, another) => ledSince(another) - ledSince(one)) as [
      ServiceProcess,
      ServiceProcess,
    ]
    const before = receiver.received.length
    let frozenAtMs = Number.POSITIVE_INFINITY
    for (const order of makeOrders(60, `frozen-${round}`)) {
      expect((await post(other.url, JSON.stringify(order)))?.status).toBe(201)
      uids.push(order.order_uid)
      for (const command of commands) {
        expect((await fetch(`${other.url}/api/orders/${order.order_uid}/${command}`, { method: 'POST' })).status).toBe(
          200,
        )
      }
      if (uids.length % 60 === 30) {
        await eventually('deliveries are under way', () => receiver.received.length > before)
        leader.kill('SIGSTOP')
        frozenAtMs = Date.now()
      }
    }
    await eventually('the other one delivers', () => ledSince(other) > frozenAtMs, replacedWithinMs)
    await eventually('all came', () => uids.every(uid => new Set(receiver.sequencesOf(uid)).size === 4), 60_000)
    const interrupted = linesOf(leader, interruption).length
    leader.kill('SIGCONT')
    await eventually('the frozen one knows', () => linesOf(leader, interruption).length > interrupted)
    await eventually('it serves again', async () => (await fetch(`${leader.url}/readyz`)).ok)
  }
  for (const uid of uids) {
    const sequences = receiver.sequencesOf(uid)
    // Repeated events keep their order, so that a stale event is never the last one of an order.
    expect({ uid, jumps: sequences.filter((sequence, index) => sequence > (sequences[index - 1] ?? 0) + 1) }).toEqual({
      uid,
      jumps: [],
    })
    expect({ uid, last: sequences.at(-1) }).toEqual({ uid, last: 4 })
  }
  // Each leader sends an event once.
  const times = Map.groupBy(receiver.received, ({ event }) => event.id)
  expect(Math.max(...[...times.values()].map(({ length }) => length))).toBeLessThanOrEqual(1 + rounds)
})
