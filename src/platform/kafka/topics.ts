import type { Admin } from '@platformatic/kafka'
import { type Backoff, backoffMs } from '../backoff.ts'
import type { Logger } from '../log.ts'
import { pause } from '../periodic.ts'
import { createTopics, missingTopics, type NewTopic } from './admin.ts'
import {
  clientOptions,
  dispose,
  type KafkaCluster,
  loadKafka,
  requestTimeoutMs,
  tolerateLateErrors,
  withKafkaDeadline,
} from './client.ts'

/** How often the topics are checked: one request on a connection that is kept open. */
const lookEveryMs = 2_000
const backoff: Backoff = { firstMs: 1_000, maxMs: 5_000 }

/**
 * Maintains topics until `stop`: creates missing ones as soon as Kafka answers, and again when they are deleted. An existing topic is
 * left as it is. Never rejects because of Kafka.
 */
export async function maintainTopics(
  cluster: KafkaCluster,
  topics: readonly NewTopic[],
  log: Logger,
  stop: AbortSignal,
): Promise<void> {
  const library = await loadKafka()
  const stopped = new Promise<void>(resolve => stop.addEventListener('abort', () => resolve(), { once: true }))
  let failures = 0
  const onLooked = () => {
    failures = 0
  }
  while (!stop.aborted) {
    const admin = new library.Admin(clientOptions(cluster, 'orders-topics'))
    tolerateLateErrors(admin)
    try {
      await Promise.race([lookAfter(admin, topics, log, stop, onLooked), stopped])
    } catch (error) {
      failures += 1
      if (failures === 1) log.warn({ err: error }, 'the topics could not be checked; trying again')
    } finally {
      await dispose(admin)
    }
    await pause(backoffMs(backoff, failures, Math.random()), stop)
  }
}

async function lookAfter(
  admin: Admin,
  topics: readonly NewTopic[],
  log: Logger,
  stop: AbortSignal,
  onLooked: () => void,
): Promise<void> {
  while (!stop.aborted) {
    const missing = await withKafkaDeadline(
      requestTimeoutMs,
      'the metadata of the topics',
      missingTopics(admin, topics),
    )
    if (missing.length > 0) {
      await withKafkaDeadline(requestTimeoutMs, 'the creation of topics', createTopics(admin, missing))
      log.info({ topics: missing.map(({ name }) => name) }, 'missing topics were created')
    }
    onLooked()
    await pause(lookEveryMs, stop)
  }
}
