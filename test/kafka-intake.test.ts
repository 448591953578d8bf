import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaBroker } from '../scripts/kafka-broker/broker.ts'
import { createMigratedDatabase } from './database.ts'
import { filled, newDataDir, removeDataDirs, start, stopServers } from './embedded-servers.ts'
import { brokerControlAvailability, eventually, sharedBroker } from './kafka.ts'
import { beginRun, expectPromises, runSize, sendShare, stored, untilMoreThan } from './kafka-run.ts'
import { makeOrders } from './orders.ts'
import {
  databaseEnv,
  endServices,
  newServiceDataDir,
  ownDatabase,
  ownPostgresPid,
  startServiceProcess,
} from './service-process.ts'
import { removeMembers } from './topics.ts'

setDefaultTimeout(180_000 + runSize * 30)

/** How long the broker stays paused: longer than the consumer's requests may stay unanswered. */
const pauseMs = Number(process.env.BROKER_PAUSE_MS || 8_000)

describe.skipIf(brokerControlAvailability() !== null)('orders from Kafka', () => {
  let broker: KafkaBroker

  beforeAll(async () => {
    broker = await sharedBroker()
  })
  afterEach(async () => {
    await endServices()
    await stopServers()
  })
  afterAll(removeDataDirs)

  async function sharedDatabase() {
    const { address } = await createMigratedDatabase()
    return { address, env: databaseEnv(address) }
  }

  test('valid and invalid ones: each is stored once, or becomes a dead letter', async () => {
    const run = await beginRun([broker.brokers], 'plain', await sharedDatabase())
    await sendShare(run, 0, 1)
    await expectPromises(run)
  })

  test('the service is killed three times meanwhile', async () => {
    const run = await beginRun([broker.brokers], 'killed', await sharedDatabase())
    for (const [from, to] of [
      [0, 0.3],
      [0.3, 0.6],
      [0.6, 1],
    ] as const) {
      const before = await stored(run)
      const sending = sendShare(run, from, to)
      await untilMoreThan(run, before)
      run.service.kill('SIGKILL')
      await run.service.exited
      await sending
      // The last time the group itself has to find out that its member is gone.
      if (to < 1) await removeMembers(run.topics)
      run.service = await startServiceProcess({ env: run.env })
    }
    await expectPromises(run)
  })

  test('the broker does not answer for a while: orders still come in over HTTP', async () => {
    const run = await beginRun([broker.brokers], 'paused', await sharedDatabase())
    await sendShare(run, 0, 0.5)
    await untilMoreThan(run, 0)
    const silentUntilMs = Date.now() + pauseMs
    broker.pause()
    try {
      for (const order of makeOrders(100_000, 'meanwhile')) {
        if (Date.now() > silentUntilMs) break
        const body = JSON.stringify(order)
        const response = await fetch(`${run.service.url}/api/orders`, { method: 'POST', body })
        expect(response.status).toBe(201)
        run.traffic.orders.set(order.order_uid, body)
        await sleep(20)
      }
      expect((await fetch(`${run.service.url}/readyz`)).status).toBe(200)
    } finally {
      broker.resume()
    }
    await sendShare(run, 0.5, 1)
    await expectPromises(run)
  })

  test('the embedded PostgreSQL is killed meanwhile', async () => {
    const dataDir = await filled(newServiceDataDir())
    const run = await beginRun([broker.brokers], 'own', { address: ownDatabase(dataDir), env: { DATA_DIR: dataDir } })
    const sending = sendShare(run, 0, 1)
    await untilMoreThan(run, 0)
    const pid = ownPostgresPid(dataDir) ?? 0
    process.kill(pid, 'SIGKILL')
    await sending
    await eventually('the service has started it again', async () => {
      return ownPostgresPid(dataDir) !== pid && (await fetch(`${run.service.url}/readyz`)).ok
    })
    await expectPromises(run)
  })

  test('an external PostgreSQL is killed meanwhile, and is down for longer than any retry', async () => {
    const dataDir = await filled(newDataDir())
    const server = await start(dataDir, { durable: true })
    const run = await beginRun([broker.brokers], 'theirs', {
      address: server.address,
      env: databaseEnv(server.address),
    })
    await sendShare(run, 0, 0.5)
    await untilMoreThan(run, 0)
    process.kill(server.processId() ?? 0, 'SIGKILL')
    // Without this its supervisor would start it again at once.
    await server.stop()
    await sendShare(run, 0.5, 1)
    await eventually('an order is refused for want of a database', async () => {
      const [order] = makeOrders(1, 'refused')
      const response = await fetch(`${run.service.url}/api/orders`, { method: 'POST', body: JSON.stringify(order) })
      return response.status === 503 && response.headers.has('retry-after')
    })
    await eventually('it says that it is not ready', async () => {
      return (await fetch(`${run.service.url}/readyz`)).status === 503
    })
    await start(dataDir, { durable: true })
    await expectPromises(run)
  })
})
