import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Message } from 'kafkajs'
import { eventually, kafkaAvailability, otherClient, testBroker, testLog, uniqueName } from '../../../test/kafka.ts'
import { AppError } from '../../errors.ts'
import { ensureTopics, pingKafka } from './admin.ts'
import { KafkaRefusedError } from './client.ts'
import { createPublisher } from './publisher.ts'

setDefaultTimeout(60_000)
const withBroker = describe.skipIf(kafkaAvailability() !== null)
const nobody = ['127.0.0.1:1']

/** Everything in a topic, read with another client; the partition is in front. */
async function readAll(brokers: string[], topic: string, count: number): Promise<Array<[number, Message]>> {
  const consumer = otherClient(brokers).consumer({ groupId: uniqueName('reader'), maxWaitTimeInMs: 100 })
  const all: Array<[number, Message]> = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async ({ partition, message }) => void all.push([partition, message]) })
  await eventually('the other client read everything', () => all.length >= count)
  await consumer.disconnect()
  return all
}

async function fixture(partitions = 1) {
  const brokers = await testBroker()
  const topic = uniqueName('topic')
  await ensureTopics({ brokers }, [{ name: topic, partitions }], 10_000)
  return { brokers, topic, publisher: createPublisher({ brokers, clientId: 'under-test', log: testLog }) }
}

function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    error => error,
  )
}

withBroker('ensureTopics and pingKafka', () => {
  test('create what is missing and leave what is there', async () => {
    const brokers = await testBroker()
    const [one, two] = [uniqueName('topic'), uniqueName('topic')]
    await ensureTopics({ brokers }, [{ name: one, partitions: 3 }], 10_000)
    await ensureTopics(
      { brokers },
      [
        { name: one, partitions: 7 },
        { name: two, partitions: 2 },
      ],
      10_000,
    )
    const admin = otherClient(brokers).admin()
    await admin.connect()
    const { topics } = await admin.fetchTopicMetadata({ topics: [one, two] })
    await admin.disconnect()
    expect(topics.map(({ name, partitions }) => [name, partitions.length]).toSorted()).toEqual(
      [
        [one, 3],
        [two, 2],
      ].toSorted(),
    )
    expect(await pingKafka({ brokers }, 5000)).toBeGreaterThan(0)
  })
})

test('pingKafka and ensureTopics say so when nobody is there', async () => {
  for (const call of [
    pingKafka({ brokers: nobody }, 2000),
    ensureTopics({ brokers: nobody }, [{ name: 't', partitions: 1 }], 2000),
  ]) {
    const error = await rejection(call)
    expect(error instanceof AppError ? error.code : error).toBe('KAFKA_UNAVAILABLE')
  }
})

test('send says so when nobody is there', async () => {
  const publisher = createPublisher({ brokers: nobody, clientId: 'under-test', log: testLog })
  const error = await rejection(publisher.send('t', [{ key: 'k', value: 'v' }], 1000))
  expect(error instanceof AppError ? error.code : error).toBe('KAFKA_UNAVAILABLE')
  await publisher.close()
})

withBroker('createPublisher', () => {
  test('keeps keys, values, tombstones and headers as they are', async () => {
    const { brokers, topic, publisher } = await fixture()
    const raw = Buffer.from([0xff, 0x00])
    await publisher.send(
      topic,
      [
        {
          key: 'k',
          value: 'v',
          headers: [
            ['a', '1'],
            ['a', raw],
          ],
        },
      ],
      5000,
    )
    await publisher.send(
      topic,
      [
        { key: null, value: '' },
        { key: Buffer.from('k'), value: null },
      ],
      5000,
    )
    await publisher.close()
    const [first, second, third] = (await readAll(brokers, topic, 3)).map(([, message]) => message)
    expect([String(first?.key), String(first?.value)]).toEqual(['k', 'v'])
    expect(first?.headers?.a).toEqual([Buffer.from('1'), raw])
    expect([second?.key, second?.value?.length]).toEqual([null, 0])
    expect([String(third?.key), third?.value]).toEqual(['k', null])
  })

  test('keeps the order of a key across calls, whether they are awaited or not', async () => {
    const { brokers, topic, publisher } = await fixture(3)
    const message = (i: number) => ({ key: `k${i % 7}`, value: `${i}` })
    const calls: Promise<void>[] = []
    for (let i = 0; i < 50; i += 1) {
      calls.push(
        publisher.send(
          topic,
          Array.from({ length: 20 }, (_, j) => message(i * 20 + j)),
          10_000,
        ),
      )
    }
    await Promise.all(calls)
    await publisher.close()
    const lastOf = new Map<string, number>()
    for (const [, { key, value }] of await readAll(brokers, topic, 1000)) {
      expect(Number(value)).toBeGreaterThan(lastOf.get(String(key)) ?? -1)
      lastOf.set(String(key), Number(value))
    }
    expect(lastOf.size).toBe(7)
  })

  test('chooses the partitions that other clients choose', async () => {
    const { brokers, topic, publisher } = await fixture(5)
    const keys = Array.from({ length: 50 }, (_, i) => `order-${i}`)
    await publisher.send(
      topic,
      keys.map(key => ({ key, value: 'ours' })),
      5000,
    )
    await publisher.close()
    const producer = otherClient(brokers).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({ topic, messages: keys.map(key => ({ key, value: 'theirs' })) })
    await producer.disconnect()
    const partitions = new Map<string, Set<number>>()
    for (const [partition, { key }] of await readAll(brokers, topic, 100)) {
      partitions.set(String(key), (partitions.get(String(key)) ?? new Set()).add(partition))
    }
    expect([...partitions.values()].every(({ size }) => size === 1)).toBe(true)
    expect(new Set([...partitions.values()].flatMap(set => [...set])).size).toBe(5)
  })

  test('sends more at once than a record batch holds', async () => {
    const { brokers, topic, publisher } = await fixture()
    const value = 'x'.repeat(1000)
    await publisher.send(
      topic,
      Array.from({ length: 5000 }, (_, i) => ({ key: `${i}`, value })),
      20_000,
    )
    await publisher.close()
    expect((await readAll(brokers, topic, 5000)).map(([, { key }]) => Number(key))).toEqual([...Array(5000).keys()])
  })

  test('names the message that the broker refuses, and goes on after it', async () => {
    const { brokers, topic, publisher } = await fixture()
    const messages = ['a', 'b', 'x'.repeat(2_000_000), 'c'].map(value => ({ key: 'k', value }))
    const error = await rejection(publisher.send(topic, messages, 10_000))
    expect(error).toBeInstanceOf(KafkaRefusedError)
    expect(error).toMatchObject({ reason: 'MESSAGE_TOO_LARGE', messageIndex: 2 })
    await publisher.send(topic, [{ key: 'k', value: 'd' }], 5000)
    await publisher.close()
    expect((await readAll(brokers, topic, 3)).map(([, { value }]) => String(value))).toEqual(['a', 'b', 'd'])
  })

  test('finds the message that is too large for a topic with a smaller limit', async () => {
    const { brokers, topic, publisher } = await fixture()
    const admin = otherClient(brokers).admin()
    await admin.connect()
    const configEntries = [{ name: 'max.message.bytes', value: '20000' }]
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name: topic, configEntries }] })
    await admin.disconnect()
    const messages = Array.from({ length: 100 }, (_, i) => ({
      key: `${i}`,
      value: 'x'.repeat(i === 70 ? 30_000 : 1000),
    }))
    const error = await rejection(publisher.send(topic, messages, 10_000))
    expect(error).toMatchObject({ reason: 'MESSAGE_TOO_LARGE', messageIndex: 70 })
    await publisher.close()
    expect((await readAll(brokers, topic, 70)).map(([, { key }]) => Number(key))).toEqual([...Array(70).keys()])
  })

  test('says that a topic is absent, and sends once it is there', async () => {
    const { brokers, publisher } = await fixture()
    const topic = uniqueName('topic')
    const error = await rejection(publisher.send(topic, [{ key: 'k', value: 'v' }], 3000))
    expect(error instanceof AppError ? error.code : error).toBe('KAFKA_UNAVAILABLE')
    await ensureTopics({ brokers }, [{ name: topic, partitions: 1 }], 10_000)
    await publisher.send(topic, [{ key: 'k', value: 'v' }], 5000)
    await publisher.close()
    expect((await readAll(brokers, topic, 1)).length).toBe(1)
  })
})
