import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  eventually,
  gate,
  kafkaAvailability,
  newTopic,
  otherClient,
  produce,
  startConsumer,
} from '../../../test/kafka.ts'

setDefaultTimeout(60_000)

const messages = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: 'k', value: `${name}-${index}` }))

describe.skipIf(kafkaAvailability() !== null)('a topic that is deleted and created again', () => {
  test('is read from its start, also when a batch of the old one is finished after that', async () => {
    const { brokers, topic, groupId } = await newTopic(1, messages('old', 50))
    const work = gate()
    let batches = 0
    const handle = () => {
      batches += 1
      return work.wait()
    }
    const consumer = startConsumer({ brokers, topic, groupId, handle })
    await eventually('the old messages are in handle', () => batches > 0)
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await eventually('it is missed', () => consumer.states.includes('topic-absent'))
    await produce(brokers, topic, messages('new', 60), { partitions: 1 })
    work.open()
    await eventually('the newest came', () => consumer.values().includes('new-59'))
    await consumer.stop()
    await admin.disconnect()
    const received = consumer.values().filter(value => value.startsWith('new-'))
    expect(received).toEqual(messages('new', 60).map(({ value }) => value))
  })
})
