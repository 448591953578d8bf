import { randomBytes } from 'node:crypto'
import type { OrderDocument } from '../src/orders/document.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { ensureTopics } from '../src/platform/kafka/admin.ts'
import { createPublisher } from '../src/platform/kafka/publisher.ts'
import { createLogger } from '../src/platform/log.ts'

/** As many as the service makes for a topic of its own. */
const partitions = 6
/** Orders of one send: about 100 a partition, a batch of some 100 KB, as a busy producer sends. */
const messagesAtATime = 600

/** A uid as senders make them: random, so that it goes anywhere into the index. */
export function randomUid(): string {
  return randomBytes(10).toString('hex')
}

/** Orders with new uids whose times rise, a millisecond apart, up to now. */
export function* exampleOrders(count: number): Generator<OrderDocument> {
  const nowMs = Date.now()
  for (let index = 0; index < count; index++) {
    yield exampleOrder(randomUid(), nowMs - count + index, Math.random)
  }
}

/**
 * Makes a topic and puts orders into it.
 *
 * @param change makes of the examples what is put into it
 * @returns the number of lines and bytes of the orders
 */
export async function fillTopic(
  brokers: string,
  topic: string,
  count: number,
  change: (order: OrderDocument) => OrderDocument = order => order,
): Promise<{ lines: number; bytes: number }> {
  await ensureTopics({ brokers: brokers.split(',') }, [{ name: topic, partitions }], 10_000)
  const log = createLogger({ level: 'warn' })
  const publisher = createPublisher({ brokers: brokers.split(','), clientId: 'bench', log })
  let lines = 0
  let bytes = 0
  let messages: { key: string; value: Buffer }[] = []
  for (const example of exampleOrders(count)) {
    const document = change(example)
    const value = Buffer.from(JSON.stringify(document))
    lines += document.items.length
    bytes += value.byteLength
    messages.push({ key: document.order_uid, value })
    if (messages.length < messagesAtATime) continue
    await publisher.send(topic, messages, 30_000)
    messages = []
  }
  if (messages.length > 0) await publisher.send(topic, messages, 30_000)
  await publisher.close()
  return { lines, bytes }
}
