import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  committedOffsets,
  eventually,
  gate,
  kafkaAvailability,
  newTopic,
  otherClient,
  produce,
  startConsumer,
  testBroker,
  uniqueName,
} from '../../../test/kafka.ts'

// Longer than any wait inside: a test that runs out of time would take the broker with it.
setDefaultTimeout(60_000)
const withBroker = describe.skipIf(kafkaAvailability() !== null)
const texts = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `m${from + i}`)
const messages = (from: number, to: number) => texts(from, to).map(value => ({ key: value, value }))
const unique = (values: readonly string[]) => [...new Set(values)].toSorted()

withBroker('consume', () => {
  test('brings keys, values, tombstones and headers as they were sent, from the oldest message on', async () => {
    const { brokers, topic, groupId } = await newTopic()
    const binary = Buffer.from([0xff, 0x00, 0xfe])
    await produce(brokers, topic, [
      { key: 'k', value: 'v', headers: { trace: 'abc', raw: binary }, timestamp: '1700000000000' },
      { key: null, value: 'no key' },
      { key: 'gone', value: null },
      { key: '', value: '' },
      { key: 'twice', value: 'v', headers: { h: ['1', '2'] } },
    ])
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('five messages came', () => consumer.received.length === 5)
    await consumer.stop()
    const [first, second, third, fourth, fifth] = consumer.received
    expect(first).toMatchObject({ topic, partition: 0, offset: 0n, timestampMs: 1_700_000_000_000 })
    expect([String(first?.key), String(first?.value)]).toEqual(['k', 'v'])
    expect(first?.headers.map(([name, value]) => [`${name}`, value])).toEqual([
      ['trace', Buffer.from('abc')],
      ['raw', binary],
    ])
    expect(second?.key).toBeNull()
    expect(third?.value).toBeNull()
    expect([fourth?.key?.length, fourth?.value?.length]).toEqual([0, 0])
    expect(fifth?.headers.map(([name, value]) => `${name}=${value}`)).toEqual(['h=1', 'h=2'])
    expect([consumer.states.at(0), consumer.states.at(-1)]).toEqual(['connecting', 'stopped'])
    expect(consumer.states).toContain('consuming')
  })

  test('reads compressed batches', async () => {
    const { brokers, topic, groupId } = await newTopic()
    const producer = otherClient(brokers).producer({ allowAutoTopicCreation: false })
    await producer.connect()
    await producer.send({ topic, compression: 1, messages: messages(0, 500) })
    await producer.disconnect()
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('all came', () => consumer.received.length === 500)
    await consumer.stop()
    expect(consumer.values()).toEqual(texts(0, 500))
  })

  test('commits only after handle, and a stop commits and leaves the group', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(brokers, topic, messages(0, 10))
    const work = gate()
    let isInside = false
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      handle: async () => {
        isInside = true
        await work.wait()
      },
    })
    await eventually('the batch is in handle', () => isInside)
    await eventually('the lag is known', () => consumer.lag.get(0) === 10)
    expect(await committedOffsets(brokers, groupId, topic)).toEqual(['-1'])
    const stopped = consumer.stop()
    work.open()
    await stopped
    expect(await committedOffsets(brokers, groupId, topic)).toEqual(['10'])
    const admin = otherClient(brokers).admin()
    await admin.connect()
    const { groups } = await admin.describeGroups([groupId])
    await admin.disconnect()
    expect(groups[0]?.members).toEqual([])
  })

  test('hands a batch out again that handle rejected, and commits nothing of it or after it', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(brokers, topic, messages(0, 30))
    let failures = 0
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      batchMessagesMax: 10,
      handle: async batch => {
        if (batch[0]?.offset !== 10n || failures === 2) return
        failures += 1
        if (failures === 1) expect(await committedOffsets(brokers, groupId, topic)).not.toEqual(['30'])
        throw new Error('the database is down')
      },
    })
    await eventually('everything came', () => unique(consumer.values()).length === 30)
    await eventually(
      'everything is committed',
      async () => (await committedOffsets(brokers, groupId, topic))[0] === '30',
    )
    await consumer.stop()
    expect(failures).toBe(2)
    expect(consumer.states.filter(state => state === 'broken').length).toBe(2)
  })

  test('commits in order while several batches are in progress, and takes no more than allowed', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(brokers, topic, messages(0, 100))
    const first = gate()
    const begun: bigint[] = []
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      batchMessagesMax: 10,
      batchesInFlightMax: 3,
      handle: async batch => {
        begun.push(batch[0]?.offset ?? -1n)
        if (batch[0]?.offset === 0n) await first.wait()
        if (batch[0]?.offset === 90n) await first.wait()
      },
    })
    await eventually('the last batch is in handle, beside the first', () => begun.includes(90n))
    expect(await committedOffsets(brokers, groupId, topic)).toEqual(['-1'])
    first.open()
    await eventually('all is committed', async () => (await committedOffsets(brokers, groupId, topic))[0] === '100')
    await consumer.stop()
    expect(begun).toEqual([0n, 10n, 20n, 30n, 40n, 50n, 60n, 70n, 80n, 90n])
  })

  test('stops asking for messages when handle does not end, so that memory stays bounded', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(
      brokers,
      topic,
      messages(0, 2000).map(({ key }) => ({ key, value: 'x'.repeat(400) })),
    )
    const work = gate()
    let inside = 0
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      batchMessagesMax: 10,
      batchesInFlightMax: 2,
      backlogBytesMax: 20_000,
      handle: async () => {
        inside += 1
        await work.wait()
      },
    })
    await eventually('two batches are in handle', () => inside === 2)
    await eventually('the lag is still told', () => consumer.lag.get(0) === 2000)
    expect(inside).toBe(2)
    work.open()
    await eventually('all came', () => consumer.received.length === 2000)
    await consumer.stop()
  })

  // Side by side: these wait for the broker most of the time.
  test.concurrent('two members share the partitions, and nothing is lost while they come and go', async () => {
    const { brokers, topic, groupId } = await newTopic(4)
    await produce(brokers, topic, messages(0, 5000))
    const one = startConsumer({ brokers, topic, groupId, batchMessagesMax: 100 })
    await eventually('the first one consumes', () => one.received.length > 0)
    const two = startConsumer({ brokers, topic, groupId, batchMessagesMax: 100 })
    await eventually('both have a share', () => one.lag.size === 2 && two.lag.size === 2)
    await produce(brokers, topic, messages(5000, 10_000))
    await eventually('all came', () => unique([...one.values(), ...two.values()]).length === 10_000)
    expect(two.received.length).toBeGreaterThan(0)
    await two.stop()
    await eventually('the first one has everything', () => one.lag.size === 4)
    await produce(brokers, topic, messages(10_000, 11_000))
    await eventually('all came', () => unique([...one.values(), ...two.values()]).length === 11_000)
    await one.stop()
    // A member finishes and commits before it gives its partitions away, so an orderly rebalance repeats nothing.
    expect(one.received.length + two.received.length).toBe(11_000)
  })

  test.concurrent('waits for a topic that is absent', async () => {
    const brokers = await testBroker()
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('it says so', () => consumer.states.includes('topic-absent'))
    await produce(brokers, topic, messages(0, 3), { partitions: 1 })
    await eventually('it picks it up', () => consumer.received.length === 3)
    await consumer.stop()
  })

  test.concurrent('consumes partitions that are added', async () => {
    const { brokers, topic, groupId } = await newTopic(1)
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('it has the one partition', () => consumer.lag.size === 1)
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await admin.disconnect()
    await eventually('it has all three', () => consumer.lag.size === 3, 30_000)
    await consumer.stop()
  })

  test.concurrent('starts at the oldest message when the committed offset is out of range', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(brokers, topic, messages(0, 10))
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '5000' }] })
    await admin.disconnect()
    const consumer = startConsumer({ brokers, topic, groupId })
    await eventually('all came', () => consumer.received.length === 10)
    await eventually(
      'the offset is right again',
      async () => (await committedOffsets(brokers, groupId, topic))[0] === '10',
    )
    await consumer.stop()
  })

  test.concurrent('starts at the oldest message that is left when the next one was deleted', async () => {
    const { brokers, topic, groupId } = await newTopic()
    await produce(brokers, topic, messages(0, 10))
    const work = gate()
    const consumer = startConsumer({ brokers, topic, groupId, batchesInFlightMax: 1, handle: work.wait })
    await eventually(
      'the batch is in handle',
      () => consumer.states.includes('consuming') && consumer.lag.get(0) === 10,
    )
    const stopped = consumer.stop()
    work.open()
    await stopped
    await produce(brokers, topic, messages(10, 20))
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.fetchTopicOffsets(topic) // Without it kafkajs does not know the topic that it is asked for next.
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '15' }] })
    await admin.disconnect()
    const next = startConsumer({ brokers, topic, groupId })
    await eventually('what is left came', () => next.received.length === 5)
    await next.stop()
    expect(next.received.map(message => Number(message.offset)).sort((a, b) => a - b)).toEqual([15, 16, 17, 18, 19])
  })
})
