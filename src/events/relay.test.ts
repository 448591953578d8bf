import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createOrdersDatabase, eventLogOf } from '../../test/app.ts'
import { eventually, kafkaAvailability, otherClient, testBroker, testLog, uniqueName } from '../../test/kafka.ts'
import { publishDeadLetters } from '../dead-letters/publishing.ts'
import { recordDeadLetters } from '../dead-letters/recording.ts'
import { exampleOrder } from '../orders/example.ts'
import { createIntake } from '../orders/intake.ts'
import { orderParts } from '../orders/placement-parts.ts'
import { createIntakeStore } from '../orders/store.ts'
import { readOrder } from '../orders/validate.ts'
import { ensureTopics } from '../platform/kafka/admin.ts'
import { createPublisher, type Publisher } from '../platform/kafka/publisher.ts'
import { Notifier } from './notifier.ts'
import { ReaderThrottle } from './reader-throttle.ts'
import { readLagSeconds } from './readers.ts'
import { relayReader, runRelay } from './relay.ts'

setDefaultTimeout(60_000)

const missing = kafkaAvailability()
if (missing !== null) console.warn(`the relay's tests are skipped: ${missing}`)

describe.skipIf(missing !== null)('the relay', () => {
  let brokers: string[]
  let database: Awaited<ReturnType<typeof createOrdersDatabase>>
  const eventsTopic = uniqueName('events')
  const deadLettersTopic = uniqueName('letters')

  beforeAll(async () => {
    brokers = await testBroker()
    database = await createOrdersDatabase()
    const topics = [
      { name: eventsTopic, partitions: 3, messageBytesMax: 2 * 1024 * 1024 },
      { name: deadLettersTopic, partitions: 1, messageBytesMax: 100_000 },
    ]
    await ensureTopics({ brokers }, topics, 20_000)
  })

  afterAll(() => database?.drop())

  /** Runs a relay with a publisher until `until` holds. */
  async function relayUntil(publisher: Publisher, until: () => Promise<boolean>) {
    const stop = new AbortController()
    const { pool, address } = database
    const running = runRelay(
      {
        events: eventLogOf(pool),
        address,
        publisher,
        eventsTopic,
        publishOther: lease => publishDeadLetters({ pool, publisher, topic: deadLettersTopic }, lease),
        logGrown: new Notifier(),
        throttle: new ReaderThrottle(Date.now),
        onPublished: () => undefined,
        log: testLog,
      },
      stop.signal,
    )
    await eventually('the relay has done its work', until, 40_000)
    stop.abort()
    await running
  }

  async function place(count: number, change: object = {}) {
    const intake = createIntake({
      store: createIntakeStore(database.pool, orderParts),
      log: testLog,
      now: Date.now,
      onPlaced: () => undefined,
    })
    const orders = Array.from({ length: count }, () => ({
      ...exampleOrder(crypto.randomUUID(), Date.now(), Math.random),
      ...change,
    }))
    const valid = orders.map(order => {
      const reading = readOrder(Buffer.from(JSON.stringify(order)))
      if (reading.kind === 'refused') throw new Error(JSON.stringify(reading.violations))
      return reading.order
    })
    await intake.submitAll(valid)
    return orders
  }

  async function readTopic(topic: string, enough: (count: number) => boolean) {
    const messages: { key: string; value: Buffer | null; headers: Record<string, string> }[] = []
    const consumer = otherClient(brokers).consumer({ groupId: uniqueName('reader') })
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      async eachMessage({ message }) {
        const headers = Object.fromEntries(
          Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
        )
        messages.push({ key: String(message.key), value: message.value, headers })
      },
    })
    await eventually('the topic was read', async () => enough(messages.length), 40_000)
    await consumer.disconnect()
    return messages
  }

  const caughtUp = async () => (await readLagSeconds(database.pool, relayReader)) === 0

  test('publishes every event at least once, also when it is broken off between sending and remembering', async () => {
    const orders = await place(2500)
    const large = await place(1, { internal_signature: 'x'.repeat(1_000_000) })
    const real = createPublisher({ brokers, clientId: 'relay-test', log: testLog })
    let failures = 2
    const brittle: Publisher = {
      close: () => real.close(),
      async send(topic, messages, deadlineMs) {
        await real.send(topic, messages, deadlineMs)
        if (failures-- > 0) throw new Error('the answer of the broker was lost')
      },
    }
    await relayUntil(brittle, caughtUp)
    await real.close()
    const wanted = new Set([...orders, ...large].map(order => order.order_uid))
    const messages = await readTopic(eventsTopic, count => count >= 2501 + 2000)
    expect(new Set(messages.map(message => message.key))).toEqual(wanted)
    const one = messages.find(message => message.key === orders[0]?.order_uid)
    expect(one?.headers).toMatchObject({
      ce_specversion: '1.0',
      ce_type: 'com.shoppingcart.order.placed.v1',
      ce_subject: orders[0]?.order_uid,
      ce_sequence: '1',
      'content-type': 'application/json',
    })
    expect(JSON.parse(String(one?.value))).toEqual({
      ...JSON.parse(JSON.stringify(orders[0])),
      status: 'confirmed',
      payment_status: 'paid',
      delivery_status: 'unfulfilled',
    })
  })

  test('announces dead letters as they came, and one that the topic will not carry without its bytes', async () => {
    const deadLetter = (offset: bigint, value: Buffer) => ({
      topic: 'orders',
      partition: 2,
      offset,
      key: Buffer.from([0xff, 0]),
      value,
      headers: [[Buffer.from('trace'), Buffer.from('abc')]] as const,
      timeMs: Date.now(),
      code: 'ORDER_INVALID' as const,
      detail: 'the message breaks 1 rules of the contract',
      violations: [{ pointer: '/a\0b', detail: 'must be well-formed JSON' }],
    })
    const deadLetters = [deadLetter(7n, Buffer.from('{bad')), deadLetter(8n, Buffer.alloc(500_000, 0x20))]
    await recordDeadLetters(database.pool, deadLetters)
    await recordDeadLetters(database.pool, deadLetters)
    const publisher = createPublisher({ brokers, clientId: 'relay-test', log: testLog })
    await relayUntil(publisher, async () => {
      const { rows } = await database.pool.query(
        'select count(*)::int as left from dead_letters where announced_at is null',
      )
      return rows[0].left === 0
    })
    await publisher.close()
    // What went out before the broker refused the large one may come twice.
    const messages = await readTopic(deadLettersTopic, count => count >= 2)
    const small = messages.find(message => message.headers.dlq_offset === '7')
    expect(small?.value?.toString()).toBe('{bad')
    expect(small?.headers).toMatchObject({ dlq_topic: 'orders', dlq_partition: '2', trace: 'abc' })
    expect(JSON.parse(small?.headers.dlq_errors ?? '')).toEqual(deadLetters[0]?.violations)
    const large = messages.find(message => message.headers.dlq_offset === '8')
    expect(large?.value).toBeNull()
    expect(large?.headers.dlq_value_left_out).toBe('MESSAGE_TOO_LARGE')
    const { rows } = await database.pool.query('select message_value from dead_letters where message_offset = 8')
    expect(rows).toEqual([{ message_value: deadLetters[1]?.value }])
  })

  test('runs on one instance at a time, and another goes on when it ends', async () => {
    let sending = 0
    let sendingMost = 0
    const real = createPublisher({ brokers, clientId: 'relay-test', log: testLog })
    const counted: Publisher = {
      close: () => real.close(),
      async send(topic, messages, deadlineMs) {
        sending += 1
        sendingMost = Math.max(sendingMost, sending)
        await real.send(topic, messages, deadlineMs)
        sending -= 1
      },
    }
    await place(3000)
    await Promise.all([relayUntil(counted, caughtUp), relayUntil(counted, caughtUp)])
    await place(10)
    await relayUntil(counted, caughtUp)
    await real.close()
    expect(sendingMost).toBe(1)
  })
})
