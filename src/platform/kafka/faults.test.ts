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

/** What a test calls when all is prepared, and when it has seen enough; both resolve when all tests of the outage have. */
type Outage = { begun(): Promise<void>; over(): Promise<void> }

/** Tests that share an outage, side by side: the longest wait for one is then that of all. */
function duringOutage(
  outage: { begin: () => unknown; end: () => unknown },
  tests: Readonly<Record<string, (outage: Outage) => Promise<void>>>,
): void {
  const whenAll = (work: () => unknown) => {
    const called = new Set<string>()
    const { promise, resolve } = Promise.withResolvers<unknown>()
    return async (name: string) => {
      if (called.size < called.add(name).size && called.size === Object.keys(tests).length) resolve(work())
      await promise
    }
  }
  const [begun, over] = [whenAll(outage.begin), whenAll(outage.end)]
  for (const [name, run] of Object.entries(tests)) {
    test.concurrent(name, async () => {
      try {
        await run({ begun: () => begun(name), over: () => over(name) })
      } finally {
        // One that fails does not keep the others waiting.
        void begun(name)
        void over(name)
      }
    })
  }
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

  duringOutage(
    { begin: () => broker.pause(), end: () => broker.resume() },
    {
      'paused under load: both recover, nothing is lost, no busy waiting': async ({ begun, over }) => {
        const running = await fixture()
        await begun()
        const cpu = process.cpuUsage()
        await sleep(pauseMs)
        const { user, system } = process.cpuUsage(cpu)
        expect((user + system) / 1000).toBeLessThan(pauseMs / 10)
        expect(running.consumer.states).toContain('broken')
        await over()
        await expectRecovery(running, 'a pause')
        await expectNothingLost(running)
      },

      'paused while handle is at work: what was in handle is not lost': async ({ begun, over }) => {
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
        await begun()
        // The next session may not begin beside work that is still under way.
        await eventually('the silence was noticed', () => consumer.states.includes('broken'))
        await sleep(2000)
        expect(calls).toBe(1)
        work.resolve()
        await over()
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
      },

      'paused, and a stop meanwhile ends in time': async ({ begun, over }) => {
        const { consumer, sender } = await fixture()
        await begun()
        await eventually('the consumer noticed', () => consumer.states.includes('broken'))
        const stopped = Date.now()
        await consumer.stop()
        expect(Date.now() - stopped).toBeLessThan(10_000)
        await over()
        await sender.stop()
      },
    },
  )

  // Between the two outages: tests that run side by side are all those until the next that does not.
  test('restarted in order, which takes the coordinator away for a while', async () => {
    const running = await fixture()
    await broker.restart()
    await expectRecovery(running, 'a restart')
    await expectNothingLost(running)
  })

  duringOutage(
    { begin: () => broker.kill(), end: () => broker.restart() },
    {
      'killed and restarted: both recover, nothing is lost': async ({ begun, over }) => {
        const running = await fixture()
        await begun()
        await eventually('the consumer noticed', () => running.consumer.states.includes('broken'))
        await eventually('the sender noticed', () => running.sender.failures > 0)
        await over()
        await expectRecovery(running, 'kill -9')
        await expectNothingLost(running)
      },

      'killed before the start: the consumer begins when the broker is there': async ({ begun, over }) => {
        const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
        await produce(brokers(), topic, [{ key: 'k', value: 'v' }], { partitions: 1 })
        await begun()
        const consumer = startConsumer({ brokers: brokers(), topic, groupId })
        await eventually('it noticed', () => consumer.states.filter(state => state === 'broken').length > 2)
        await over()
        await eventually('the message came', () => consumer.received.length === 1)
        await consumer.stop()
      },
    },
  )

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
})
