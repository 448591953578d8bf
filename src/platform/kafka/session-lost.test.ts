import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Admin } from '@platformatic/kafka'
import {
  committedOffsets,
  eventually,
  kafkaAvailability,
  otherClient,
  produce,
  startConsumer,
  testBroker,
  uniqueName,
} from '../../../test/kafka.ts'

setDefaultTimeout(60_000)

describe.skipIf(kafkaAvailability() !== null)('a member that the group has given up while it handled a batch', () => {
  test('goes on behind the batch when it is back, though its commit was refused', async () => {
    const brokers = await testBroker()
    const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
    const messages = Array.from({ length: 50 }, (_, index) => ({ key: `${index}`, value: `${index}` }))
    await produce(brokers, topic, messages, { partitions: 1 })
    const work = Promise.withResolvers<void>()
    let calls = 0
    const consumer = startConsumer({
      brokers,
      topic,
      groupId,
      handle: () => {
        calls += 1
        return work.promise
      },
    })
    await eventually('the batch is in handle', () => calls === 1)
    const groups = otherClient(brokers).admin()
    await groups.connect()
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
    const [member] = (await groups.describeGroups([groupId])).groups[0]?.members ?? []
    await admin.removeMembersFromConsumerGroup({ groupId, members: [{ memberId: member?.memberId ?? '' }] })
    await admin.close()
    await groups.disconnect()
    work.resolve()
    await eventually('all is committed', async () => (await committedOffsets(brokers, groupId, topic))[0] === '50')
    await consumer.stop()
    expect(consumer.values()).toEqual(messages.map(({ value }) => value))
  })
})
