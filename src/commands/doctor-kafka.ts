import type { Config } from '../config.ts'
import type { Module } from '../module.ts'
import { clientOptions, dispose, loadKafka, tolerateLateErrors, withKafkaDeadline } from '../platform/kafka/client.ts'
import { reasonOf } from '../platform/reason.ts'
import type { Finding } from './doctor-finding.ts'

const deadlineMs = 6_000

/** Asks the brokers whether they answer and have the topics of all modules. Creates nothing, and does not throw. */
export async function checkKafka({ kafka, value }: Config, modules: readonly Module[]): Promise<Finding[]> {
  if (kafka === undefined) {
    return [{ name: 'Kafka', state: 'off', detail: 'not used: KAFKA_BROKERS is not set' }]
  }
  const where = kafka.brokers.join(', ')
  const library = await loadKafka()
  const admin = new library.Admin(clientOptions(kafka, 'orders-doctor'))
  tolerateLateErrors(admin)
  try {
    const [{ brokers }, topics] = await withKafkaDeadline(
      deadlineMs,
      'the request for its topics',
      Promise.all([admin.metadata({ topics: [] }), admin.listTopics()]),
    )
    return [
      { name: 'Kafka', state: 'ok', detail: `${where} answers; the cluster has ${brokers.size} broker(s)` },
      ...modules
        .flatMap(({ topics: own = [] }) => own)
        .map(({ name, variable }): Finding => {
          const topic = value(variable)
          const isThere = topics.includes(topic)
          return {
            name,
            state: isThere ? 'ok' : 'note',
            detail: `topic ${topic}${isThere ? '' : ': the service will create it'}`,
          }
        }),
    ]
  } catch (error) {
    return [{ name: 'Kafka', state: 'failed', detail: `${where} does not answer: ${reasonOf(error)}` }]
  } finally {
    await dispose(admin)
  }
}
