import type { KafkaConfig } from '../config.ts'
import { clientOptions, describe, dispose, loadKafka, tolerateLateErrors, within } from '../platform/kafka/client.ts'
import type { Finding } from './doctor.ts'

const deadlineMs = 6_000

/** Asks the brokers for themselves and the four topics, and makes nothing. Does not throw. */
export async function checkKafka(config: KafkaConfig | undefined): Promise<Finding[]> {
  if (config === undefined) {
    return [{ name: 'Kafka', state: 'off', detail: 'not used: KAFKA_BROKERS is not set' }]
  }
  const where = config.brokers.join(', ')
  const library = await loadKafka()
  const admin = new library.Admin(clientOptions(config, 'orders-doctor'))
  tolerateLateErrors(admin)
  try {
    const [{ brokers }, topics] = await within(
      deadlineMs,
      'the question for its topics',
      Promise.all([admin.metadata({ topics: [] }), admin.listTopics()]),
    )
    const wanted = [
      ['orders in', config.ordersTopic],
      ['commands in', config.commandsTopic],
      ['events out', config.eventsTopic],
      ['dead letters out', config.deadLettersTopic],
    ] as const
    return [
      { name: 'Kafka', state: 'ok', detail: `${where} answers; the cluster has ${brokers.size} broker(s)` },
      ...wanted.map(([name, topic]): Finding => {
        const isThere = topics.includes(topic)
        return {
          name,
          state: isThere ? 'ok' : 'note',
          detail: `topic ${topic}${isThere ? '' : ': the service makes it'}`,
        }
      }),
    ]
  } catch (error) {
    return [{ name: 'Kafka', state: 'failed', detail: `${where} does not answer: ${describe(error)}` }]
  } finally {
    await dispose(admin)
  }
}
