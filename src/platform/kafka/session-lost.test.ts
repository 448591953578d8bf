import { describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Admin } from '@platformatic/kafka'
import { committedOffsets, eventually, kafkaAvailability, otherClient, startHeldConsumer } from '../../../test/kafka.ts'

setDefaultTimeout(60_000)

describe.skipIf(kafkaAvailability() !== null)('a member that the group has given up while it handled a batch', () => {
  test('continues behind the batch when it is back, though its commit was rejected', async () => {
    const messages = Array.from({ length: 50 }, (_, index) => ({ key: `${index}`, value: `${index}` }))
    const { brokers, topic, groupId, consumer, goOn } = await startHeldConsumer(messages)
    const groups = otherClient(brokers).admin()
    await groups.connect()
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: brokers })
    const [member] = (await groups.describeGroups([groupId])).groups[0]?.members ?? []
    await admin.removeMembersFromConsumerGroup({ groupId, members: [{ memberId: member?.memberId ?? '' }] })
    await admin.close()
    await groups.disconnect()
    goOn()
    await eventually('all is committed', async () => (await committedOffsets(brokers, groupId, topic))[0] === '50')
    await consumer.stop()
    expect(consumer.values()).toEqual(messages.map(({ value }) => value))
  })
})
