import { afterEach, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Message, Partitioners } from 'kafkajs'
import { createMigratedDatabase } from './database.ts'
import { listDeadLetters } from './dead-letters.ts'
import { post } from './http-load.ts'
import { countInDatabase } from './invariants.ts'
import { eventually, kafkaAvailability, otherClient, testBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { databaseEnv, endServices, startServiceProcess } from './service-process.ts'
import { makeTopics, readTopic, untilConsumed } from './topics.ts'

setDefaultTimeout(60_000)
afterEach(() => endServices())

/** What a broker takes unless told otherwise: a batch of records, its framing included. */
const brokerBytesMax = 1_048_588

describe.skipIf(kafkaAvailability() !== null)('one message must not block the others', () => {
  async function begin() {
    const topics = await makeTopics(await testBroker(), brokerBytesMax)
    const { address } = await createMigratedDatabase()
    const service = await startServiceProcess({ env: { ...topics.env, ...databaseEnv(address) } })
    return { topics, address, service }
  }
  type Run = Awaited<ReturnType<typeof begin>>

  async function send({ topics }: Run, messages: Message[]): Promise<void> {
    const producer = otherClient(topics.brokers).producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic: topics.orders, messages })
    await producer.disconnect()
  }

  /** An order behind it comes in and is published. */
  async function expectToGoOn(run: Run) {
    const [order] = makeOrders(1, 'behind')
    await send(run, [{ key: 'behind-0', value: JSON.stringify(order) }])
    await untilConsumed(run.topics, 15_000)
    expect((await fetch(`${run.service.url}/api/orders/behind-0`)).status).toBe(200)
    const published =
      "select count(*) from log_readers where (xid, position) >= (select xid, position from events where stream_id = 'behind-0')"
    await eventually(
      'the order behind it is published',
      async () => (await countInDatabase(run.address, published)) === 1,
      10_000,
    )
    const waiting = 'select count(*) from dead_letters where announced_at is null'
    await eventually(
      'each dead letter is announced',
      async () => (await countInDatabase(run.address, waiting)) === 0,
      10_000,
    )
  }

  test('an invalid one whose time precedes every calendar is a dead letter without a time', async () => {
    const run = await begin()
    for (const timestamp of ['-9000000000000000', '-200000000000000', '-62135596800001', '-1', '0']) {
      await send(run, [{ key: 'bad', value: 'no order', timestamp }])
    }
    await expectToGoOn(run)
    const times = (await listDeadLetters(run.service.url)).map(deadLetter => deadLetter.message_time)
    expect(times).toEqual(['1970-01-01T00:00:00.000Z', null, null, null, null])
  })

  test('an order whose time precedes every calendar is placed', async () => {
    const run = await begin()
    const [order] = makeOrders(1, 'ancient')
    await send(run, [{ key: 'ancient', value: JSON.stringify(order), timestamp: '-9000000000000000' }])
    await expectToGoOn(run)
    expect((await fetch(`${run.service.url}/api/orders/ancient-0`)).status).toBe(200)
  })

  test('an invalid one with unusual headers is a dead letter', async () => {
    const run = await begin()
    const headers = {
      '': '',
      'a\0b': Buffer.from([0]),
      '\ud800': ['one', 'two'],
      dlq_id: 'not ours',
      long: 'x'.repeat(100_000),
    }
    await send(run, [{ key: Buffer.from([0, 0xff]), value: Buffer.from([0, 0xff]), headers }])
    await expectToGoOn(run)
    const [deadLetter] = await listDeadLetters(run.service.url)
    expect(deadLetter).toMatchObject({ key: 'AP8=', value: 'AP8=', text: null })
    expect(deadLetter?.headers.map(([name]) => name).sort()).toEqual(['', 'a\0b', 'dlq_id', 'long', '\ufffd', '\ufffd'])
    const [announced] = await readTopic(run.topics.brokers, run.topics.deadLetters)
    expect(announced?.message.value).toEqual(Buffer.from([0, 0xff]))
  })

  test('invalid ones of the largest size that the topic accepts are published without their bytes', async () => {
    const run = await begin()
    const large = Array.from({ length: 20 }, (_, index) => ({
      key: 'large',
      value: `${index} `.padEnd(brokerBytesMax - 100, 'x'),
    }))
    for (const message of large) await send(run, [message])
    await expectToGoOn(run)
    expect(await listDeadLetters(run.service.url)).toHaveLength(large.length)
  })

  test('an invalid one with the largest headers that the topic accepts is published', async () => {
    const run = await begin()
    await send(run, [{ key: 'large', value: null, headers: { large: 'x'.repeat(brokerBytesMax - 200) } }])
    await expectToGoOn(run)
  })

  test('an order of the largest size, which the topic does not accept, is published without its document', async () => {
    const run = await begin()
    const [order] = makeOrders(1, 'large')
    const json = JSON.stringify({ ...order, note: '' })
    const body = json.replace('"note":""', `"note":"${'x'.repeat(1024 * 1024 - json.length)}"`)
    expect((await post(run.service.url, body))?.status).toBe(201)
    await expectToGoOn(run)
  })
})
