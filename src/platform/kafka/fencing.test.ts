import type { Base } from '@platformatic/kafka'
import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { kafkaAvailability, produce, testBroker, testLog, uniqueName } from '../../../test/kafka.ts'
import { readTopic } from '../../../test/topics.ts'
import { LeaseLostError } from '../leadership.ts'
import type { KafkaLibrary } from './client.ts'
import { Epoch, type Fence, nextEpoch } from './fencing.ts'
import { createPublisher, type Publisher } from './publisher.ts'

setDefaultTimeout(60_000)

const open: Publisher[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map(publisher => publisher.close()))
})

function publisherOf(brokers: readonly string[], fencedAs: string): Publisher {
  const publisher = createPublisher({ brokers, clientId: 'under-test', fencedAs, log: testLog })
  open.push(publisher)
  return publisher
}

const messages = (...values: string[]) => values.map(value => ({ key: 'order', value }))

test('sequences count the messages of each partition, and restart after the largest number', () => {
  const epoch = new Epoch(7n, 3)
  const sequenceOf = (topic: string, partition: number, count: number) => epoch.next(topic, partition, count).sequence
  expect(epoch.next('one', 0, 10)).toEqual({ producerId: 7n, epoch: 3, sequence: 0 })
  expect(sequenceOf('one', 0, 2 ** 31 - 11)).toBe(10)
  expect([sequenceOf('one', 0, 5), sequenceOf('one', 0, 1)]).toEqual([2 ** 31 - 1, 4])
  expect([sequenceOf('one', 1, 5), sequenceOf('another', 0, 5)]).toEqual([0, 0])
})

test('brokers that know no fencing are published to without it, unless they knew it before', async () => {
  const known = [
    'findCoordinatorV1',
    'findCoordinatorV2',
    'findCoordinatorV3',
    'findCoordinatorV4',
    'findCoordinatorV5',
  ]
  const names = [...known, 'findCoordinatorV6', 'initProducerIdV3', 'initProducerIdV4', 'initProducerIdV5']
  const library = Object.fromEntries(names.map((name, version) => [name, { api: { key: 22, version } }]))
  const client = { listApis: async () => [] }
  const ask = (fence: Fence) => nextEpoch(library as unknown as KafkaLibrary, client as unknown as Base, fence)
  const fence = { name: 'fence', hasWorked: false, isOff: false }
  expect(await ask(fence)).toBeUndefined()
  expect(fence.isOff).toBe(true)
  await expect(ask({ name: 'fence', hasWorked: true, isOff: false })).rejects.toThrow('supports no version')
})

describe.skipIf(kafkaAvailability() !== null)('publishers of one name', () => {
  async function fixture() {
    const [brokers, topic, name] = [await testBroker(), uniqueName('topic'), uniqueName('fence')]
    await produce(brokers, topic, [], { partitions: 1 })
    const values = async () => (await readTopic(brokers, topic)).map(({ message }) => String(message.value))
    return { brokers, topic, name, values }
  }

  test('what an earlier one sends late is refused, until it asks for its place again', async () => {
    const { brokers, topic, name, values } = await fixture()
    const [first, second] = [publisherOf(brokers, name), publisherOf(brokers, name)]
    await first.send(topic, messages('1', '2'), 20_000)
    await second.send(topic, messages('2', '3'), 20_000)
    await expect(first.send(topic, messages('1'), 20_000)).rejects.toThrow(/could not be sent/)
    await second.send(topic, messages('4'), 20_000)
    expect(await values()).toEqual(['1', '2', '2', '3', '4'])
    await first.send(topic, messages('5'), 20_000)
    await expect(second.send(topic, messages('4'), 20_000)).rejects.toThrow(/could not be sent/)
    await first.send(topic, messages('6'), 20_000)
    expect(await values()).toEqual(['1', '2', '2', '3', '4', '5', '6'])
  })

  test('publish without fencing where the brokers refuse the name', async () => {
    const { brokers, topic, values } = await fixture()
    // No broker takes an empty transactional id; one whose account may not use a name refuses it in the same way.
    const [first, second] = [publisherOf(brokers, ''), publisherOf(brokers, '')]
    await first.send(topic, messages('1'), 20_000)
    await second.send(topic, messages('2'), 20_000)
    await first.send(topic, messages('3'), 20_000)
    expect(await values()).toEqual(['1', '2', '3'])
  })

  test('goes on after a message that is too large, and sends many calls in their order', async () => {
    const { brokers, topic, name, values } = await fixture()
    const publisher = publisherOf(brokers, name)
    await publisher.send(topic, messages('0'), 20_000)
    await expect(publisher.send(topic, messages('x'.repeat(3_000_000)), 20_000)).rejects.toThrow('MESSAGE_TOO_LARGE')
    const numbers = Array.from({ length: 50 }, (_, index) => String(index + 1))
    await Promise.all(numbers.map(number => publisher.send(topic, messages(number), 20_000)))
    expect(await values()).toEqual(['0', ...numbers])
  })

  test('without the lease nothing is sent, and a call in progress is abandoned when it is lost', async () => {
    const { brokers, topic, name, values } = await fixture()
    const publisher = publisherOf(brokers, name)
    const lost = new AbortController()
    let isHeld = true
    const lease = {
      ends: lost.signal,
      lost: lost.signal,
      assertHeld() {
        if (!isHeld) throw new LeaseLostError('lost')
      },
    }
    await publisher.send(topic, messages('1'), 20_000, lease)
    isHeld = false
    await expect(publisher.send(topic, messages('2'), 20_000, lease)).rejects.toThrow('lost')
    isHeld = true
    await publisher.send(topic, messages('3'), 20_000, lease)
    lost.abort(new LeaseLostError('over'))
    await expect(publisher.send(topic, messages('4'), 20_000, lease)).rejects.toThrow('over')
    await publisher.send(topic, messages('5'), 20_000)
    expect(await values()).toEqual(['1', '3', '5'])
  })
})
