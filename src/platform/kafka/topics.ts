import type { Admin } from '@platformatic/kafka'
import type { Logger } from '../log.ts'
import { runPeriodically } from '../periodic.ts'
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
const checkEveryMs = 2_000

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
  let admin: Admin | undefined
  const close = async () => {
    const closing = admin
    admin = undefined
    if (closing !== undefined) await dispose(closing)
  }
  const run = async () => {
    if (admin === undefined) {
      admin = new library.Admin(clientOptions(cluster, 'orders-topics'))
      tolerateLateErrors(admin)
    }
    try {
      await Promise.race([createMissing(admin, topics, log), stopped])
    } catch (error) {
      await close()
      throw error
    }
  }
  await runPeriodically({ run, pauseMs: checkEveryMs, failure: 'the topics could not be checked', log }, stop)
  await close()
}

/** Creates the topics that do not exist. @throws what the library throws, or Error when the broker does not answer */
async function createMissing(admin: Admin, topics: readonly NewTopic[], log: Logger): Promise<void> {
  const missing = await withKafkaDeadline(requestTimeoutMs, 'the metadata of the topics', missingTopics(admin, topics))
  if (missing.length === 0) return
  await withKafkaDeadline(requestTimeoutMs, 'the creation of topics', createTopics(admin, missing))
  log.info({ topics: missing.map(({ name }) => name) }, 'missing topics were created')
}
