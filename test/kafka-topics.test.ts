import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { createMigratedDatabase } from './database.ts'
import { eventually, kafkaAvailability, otherClient, produce, testBroker, uniqueName, uniqueTopics } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { readTopic } from './topics.ts'

setDefaultTimeout(120_000)
afterEach(() => endServices())

describe.skipIf(kafkaAvailability() !== null)('topics that are deleted while the service runs', () => {
  test('are recreated, each of the five, and orders, commands, stock, events and dead letters go on', async () => {
    const brokers = await testBroker()
    const topics = uniqueTopics()
    const names = Object.values(topics)
    const { address } = await createMigratedDatabase()
    const kafka = { ...topics, KAFKA_BROKERS: brokers.join(','), KAFKA_GROUP_ID: uniqueName('group') }
    const { url } = await startServiceProcess({ env: { ...kafka, ...databaseEnv(address) } })
    const admin = otherClient(brokers).admin()
    await admin.connect()
    const there = async () => {
      const listed = await admin.listTopics()
      return names.filter(name => listed.includes(name)).length
    }

    /** An order, a command to it and a message that is none, by Kafka; they come out on the other side. */
    async function expectToWork(name: string) {
      const [order] = makeOrders(1, name)
      const uid = `${name}-0`
      await produce(brokers, topics.KAFKA_TOPIC, [
        { key: uid, value: JSON.stringify(order) },
        { key: 'bad', value: `no order ${name}` },
      ])
      await eventually(`${name}: the order is stored`, async () => (await fetch(`${url}/api/orders/${uid}`)).ok, 40_000)
      const command = { command_id: name, order_uid: uid, command: 'hold' }
      await produce(brokers, topics.KAFKA_COMMANDS_TOPIC, [{ key: uid, value: JSON.stringify(command) }])
      const events = async () => {
        const read = await readTopic(brokers, topics.KAFKA_EVENTS_TOPIC)
        return read.filter(({ message }) => String(message.key) === uid).map(({ message }) => message.headers?.ce_type)
      }
      const wanted = ['com.shoppingcart.order.placed.v1', 'com.shoppingcart.order.on_hold.v1']
      await eventually(`${name}: its events come`, async () => (await events()).join() === wanted.join(), 40_000)
      const movement = { chrt_id: 1, location: 'main', kind: 'received', quantity: 1, external_id: name }
      await produce(brokers, topics.KAFKA_STOCK_TOPIC, [{ key: '1', value: JSON.stringify(movement) }])
      const received = async () => {
        const movements = (await (await fetch(`${url}/api/stock/1/movements`)).json()) as { external_id: string }[]
        return movements.some(({ external_id }) => external_id === name)
      }
      await eventually(`${name}: the movement of stock is recorded`, received, 40_000)
      const announced = async () => {
        const read = await readTopic(brokers, topics.KAFKA_DLQ_TOPIC)
        return read.some(({ message }) => String(message.value) === `no order ${name}`)
      }
      await eventually(`${name}: the dead letter is announced`, announced, 40_000)
    }

    const item = { nm_id: 1, name: 'Hat', prices: { USD: 100 } }
    const put = { method: 'PUT', body: JSON.stringify(item), headers: { 'content-type': 'application/json' } }
    expect((await fetch(`${url}/api/items/1`, put)).status).toBe(201)
    await eventually('the topics are made', async () => (await there()) === names.length)
    await expectToWork('first')
    for (const topic of names) await admin.deleteTopics({ topics: [topic] })
    await eventually('the topics are made again', async () => (await there()) === names.length)
    await expectToWork('second')
    const { partitions } = await admin
      .fetchTopicMetadata({ topics: names })
      .then(({ topics: [topic] }) => topic ?? { partitions: [] })
    expect(partitions).toHaveLength(6)
    await eventually('the service is ready', async () => (await fetch(`${url}/readyz`)).ok)
    await admin.disconnect()
  })
})
