import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { eventually, kafkaAvailability, otherClient, produce, startHeldConsumer } from '../../../test/kafka.ts'

setDefaultTimeout(60_000)

const messages = (name: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ key: 'k', value: `${name}-${index}` }))

describe.skipIf(kafkaAvailability() !== null)('a topic that is deleted and created again', () => {
  test('is read from its start, also when a batch of the old one is finished after that', async () => {
    const { brokers, topic, consumer, goOn } = await startHeldConsumer(messages('old', 50))
    const admin = otherClient(brokers).admin()
    await admin.connect()
    await admin.deleteTopics({ topics: [topic] })
    await eventually('it is missed', () => consumer.states.includes('topic-absent'))
    await produce(brokers, topic, messages('new', 60), { partitions: 1 })
    goOn()
    await eventually('the newest came', () => consumer.values().includes('new-59'))
    await consumer.stop()
    await admin.disconnect()
    const received = consumer.values().filter(value => value.startsWith('new-'))
    expect(received).toEqual(messages('new', 60).map(({ value }) => value))
  })
})
