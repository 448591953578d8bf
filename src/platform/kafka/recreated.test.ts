import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  eventually,
  kafkaAvailability,
  otherClient,
  produce,
  startConsumer,
  testBroker,
  uniqueName,
} from '../../../test/kafka.ts'

setDefaultTimeout(60_000)

describe.skipIf(kafkaAvailability() !== null)('a topic that is deleted and made again', () => {
  test('is read from its start, also when a batch of the old one is finished after that', async () => {
    const brokers = await testBroker()
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    const messages = (name: string, count: number) =>
      Array.from({ length: count }, (_, index) => ({ key: 'k', value: `${name}-${index}` }))
    await produce(brokers, topic, messages('old', 50), { partitions: 1 })
    const work = Promise.withResolvers<void>()
    const inHandle: number[] = []
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      handle: batch => {
        inHandle.push(batch.length)
        return work.promise
      },
    })
    await eventually('the old messages are in handle', () => inHandle.length > 0)
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await eventually('it is missed', () => consumer.states.includes('topic-absent'))
    await produce(brokers, topic, messages('new', 60), { partitions: 1 })
    work.resolve()
    const isNew = (value: string) => value.startsWith('new-')
    await eventually('the newest came', () => consumer.values().includes('new-59'))
    await consumer.stop()
    await admin.disconnect()
    expect(consumer.values().filter(isNew)).toEqual(messages('new', 60).map(({ value }) => value))
  })
})
