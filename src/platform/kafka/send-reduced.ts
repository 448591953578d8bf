import type { Lease } from '../leadership.ts'
import { KafkaRefusedError } from './client.ts'
import type { Publisher } from './publisher.ts'
import type { OutgoingMessage } from './record-batch.ts'

const sendDeadlineMs = 15_000

/** Gives the smaller form of a message that was refused, with the broker's reason; undefined where there is none. */
export type Reduce = (index: number, reason: string) => OutgoingMessage | undefined

/**
 * Sends messages under a lease. One that the topic will never carry is sent in a smaller form, since everything behind it would wait
 * for ever.
 *
 * @param messages replaced by what was sent
 * @throws KafkaRefusedError for a message without a smaller form, or whose smaller form is refused too; the publisher's error
 */
export async function sendOrReduce(
  { publisher, lease }: { publisher: Publisher; lease: Lease },
  topic: string,
  messages: OutgoingMessage[],
  reduce: Reduce,
): Promise<void> {
  const reduced = new Set<number>()
  for (;;) {
    try {
      return await publisher.send(topic, messages, sendDeadlineMs, lease)
    } catch (error) {
      const index = error instanceof KafkaRefusedError ? error.messageIndex : null
      if (!(error instanceof KafkaRefusedError) || index === null || reduced.has(index)) throw error
      const smaller = reduce(index, error.reason)
      if (smaller === undefined) throw error
      messages[index] = smaller
      reduced.add(index)
    }
  }
}
