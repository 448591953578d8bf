import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaBroker } from '../../../scripts/kafka-broker/broker.ts'
import {
  brokerControlAvailability,
  eventually,
  produce,
  startConsumer,
  startTestBroker,
  testLog,
  uniqueName,
} from '../../../test/kafka.ts'
import { ensureTopics } from './admin.ts'
import { createPublisher } from './publisher.ts'

setDefaultTimeout(120_000)
const pauseMs = 16_000
/** "A few seconds" after the broker is back; its own start is not counted. */
const recoveryMs = 12_000

let unhandled = 0
process.on('unhandledRejection', () => {
  unhandled += 1
})

/** Sends numbered messages, one call after another, each again until it is acknowledged; as the relay does it. */
function startSending(brokers: string[], topic: string) {
  const publisher = createPublisher({ brokers, clientId: 'under-test', log: testLog })
  const sender = { acknowledged: 0, failures: 0, stop }
  let isStopping = false
  const running = run()
  async function run() {
    while (!isStopping) {
      const first = sender.acknowledged
      const batch = Array.from({ length: 100 }, (_, i) => ({ key: `k${i % 10}`, value: `${first + i}` }))
      try {
        await publisher.send(topic, batch, 5000)
        sender.acknowledged += batch.length
      } catch {
        sender.failures += 1
      }
      await sleep(20)
    }
  }
  async function stop() {
    isStopping = true
    await running
    await publisher.close()
  }
  return sender
}

describe.skipIf(brokerControlAvailability() !== null)('an outage of the broker', () => {
  let broker: KafkaBroker
  const brokers = () => [broker.brokers]

  beforeAll(async () => {
    broker = await startTestBroker()
  })
  afterAll(async () => {
    await broker?.stop()
    expect(unhandled).toBe(0)
  })

  async function fixture() {
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    await ensureTopics({ brokers: brokers() }, [{ name: topic, partitions: 2 }], 10_000)
    const consumer = startConsumer({ brokers: brokers(), topic, groupId })
    const sender = startSending(brokers(), topic)
    await eventually('messages flow', () => consumer.received.length > 500)
    return { consumer, sender, topic, groupId }
  }
  type Fixture = Awaited<ReturnType<typeof fixture>>

  async function expectRecovery({ consumer, sender }: Fixture, what: string) {
    const back = Date.now()
    const [received, acknowledged] = [consumer.received.length, sender.acknowledged]
    await eventually(
      `messages are sent again after ${what}`,
      () => sender.acknowledged > acknowledged + 500,
      recoveryMs,
    )
    await eventually(`messages arrive again after ${what}`, () => consumer.received.length > received + 500, recoveryMs)
    console.error(`  ${what}: flowing again ${Date.now() - back} ms later`)
  }

  /** Every acknowledged message came; what came twice is allowed, and counted. */
  async function expectNothingLost({ consumer, sender }: Fixture) {
    await sender.stop()
    const all = () => new Set(consumer.values()).size
    await eventually('every acknowledged message came', () => all() >= sender.acknowledged)
    await consumer.stop()
    console.error(`  ${sender.acknowledged} acknowledged, ${consumer.received.length - all()} came twice`)
  }

  test('paused under load: both recover, nothing is lost, no busy waiting', async () => {
    const running = await fixture()
    broker.pause()
    const cpu = process.cpuUsage()
    await sleep(pauseMs)
    const { user, system } = process.cpuUsage(cpu)
    expect((user + system) / 1000).toBeLessThan(pauseMs / 10)
    expect(running.consumer.states).toContain('broken')
    broker.resume()
    await expectRecovery(running, 'a pause')
    await expectNothingLost(running)
  })

  test('paused while handle is at work: what was in handle is not lost', async () => {
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    const messages = Array.from({ length: 50 }, (_, i) => ({ key: `${i}`, value: `${i}` }))
    await produce(brokers(), topic, messages, { partitions: 1 })
    const work = Promise.withResolvers<void>()
    let calls = 0
    const consumer = startConsumer({
      brokers: brokers(),
      topic,
      groupId,
      handle: () => {
        calls += 1
        return work.promise
      },
    })
    await eventually('the batch is in handle', () => calls === 1)
    broker.pause()
    // The next session may not begin beside work that is still under way.
    await eventually('the silence was noticed', () => consumer.states.includes('broken'))
    await sleep(2000)
    expect(calls).toBe(1)
    work.resolve()
    broker.resume()
    await eventually(
      'the consumer is back',
      () => consumer.states.lastIndexOf('consuming') > consumer.states.indexOf('broken'),
    )
    await produce(brokers(), topic, [{ key: 'last', value: 'last' }])
    await eventually('the newest message comes', () => consumer.values().includes('last'))
    await consumer.stop()
    // What was done is not done again, though it could not be committed.
    expect(consumer.values().length).toBe(51)
    expect(new Set(consumer.values()).size).toBe(51)
  })

  test('killed and restarted: both recover, nothing is lost', async () => {
    const running = await fixture()
    await broker.kill()
    await eventually('the consumer noticed', () => running.consumer.states.includes('broken'))
    await eventually('the sender noticed', () => running.sender.failures > 0)
    await broker.restart()
    await expectRecovery(running, 'kill -9')
    await expectNothingLost(running)
  })

  test('restarted in order, which takes the coordinator away for a while', async () => {
    const running = await fixture()
    await broker.restart()
    await expectRecovery(running, 'a restart')
    await expectNothingLost(running)
  })

  test('absent at the start: the consumer begins when the broker is there', async () => {
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    await produce(brokers(), topic, [{ key: 'k', value: 'v' }], { partitions: 1 })
    await broker.kill()
    const consumer = startConsumer({ brokers: brokers(), topic, groupId })
    await eventually('it noticed', () => consumer.states.filter(state => state === 'broken').length > 2)
    await broker.restart()
    await eventually('the message came', () => consumer.received.length === 1)
    await consumer.stop()
  })

  test('its log lost: the consumer continues with what comes after', async () => {
    const { consumer, sender, topic } = await fixture()
    await sender.stop()
    await broker.wipe()
    await broker.restart()
    await eventually('the topic is missed', () => consumer.states.includes('topic-absent'))
    await produce(brokers(), topic, [{ key: 'after', value: 'after' }], { partitions: 2 })
    await eventually('the new message came', () => consumer.values().includes('after'))
    await consumer.stop()
  })

  test('a stop during an outage ends in time', async () => {
    const { consumer, sender } = await fixture()
    broker.pause()
    await eventually('the consumer noticed', () => consumer.states.includes('broken'))
    const begun = Date.now()
    await consumer.stop()
    expect(Date.now() - begun).toBeLessThan(10_000)
    broker.resume()
    await sender.stop()
  })
})
