import { randomUUID } from 'node:crypto'
import { type Backoff, backoffMs } from '../backoff.ts'
import type { Logger } from '../log.ts'
import { pause } from '../periodic.ts'
import { reasonOf } from '../reason.ts'
import { isUnknownTopic, type KafkaCluster, type KafkaLibrary, type KafkaMessage, loadKafka } from './client.ts'
import { type Legacy, PartitionsChangedError, Session } from './session.ts'

/**
 * The state of a consumer. 'connecting': joining the group; 'topic-absent': the broker answers but has no such topic; 'consuming': it
 * has its assignment, which may be empty; 'broken': a session ended with an error or in silence, and the next one starts after a
 * pause; 'stopped'.
 */
export type ConsumerState = 'connecting' | 'topic-absent' | 'consuming' | 'broken' | 'stopped'

export type ConsumeOptions = KafkaCluster & {
  groupId: string
  topic: string
  /** The name in the broker's logs and quotas. */
  clientId: string
  /** How many messages, and how many bytes of keys and values, a batch holds at most (2000, 8 MiB). */
  batchMessagesMax?: number
  batchBytesMax?: number
  /** How many batches may be in `handle` at once (4). Beyond that only the backlog is filled. */
  batchesInFlightMax?: number
  /** How many bytes may wait to be dispatched before fetching pauses (8 MiB); one fetch may exceed it. */
  backlogBytesMax?: number
  /** How long a stop waits for the batches in `handle`, in milliseconds (10 000). */
  stopDeadlineMs?: number
  /**
   * Makes every message of a batch durable, then resolves. Several batches may be in progress at once. A rejection means that none of
   * the batch counts as done: it is delivered again, after a pause, with everything after it.
   */
  handle(batch: readonly KafkaMessage[]): Promise<void>
  /** Called at every change; `detail` says why, in a few words. */
  onState?(state: ConsumerState, detail: string): void
  /** Called about every second: how many messages of each assigned partition are not committed. */
  onLag?(lag: ReadonlyMap<number, number>): void
  log: Logger
}

const backoff: Backoff = { firstMs: 100, maxMs: 3_000 }
const topicAbsentMs = 1000

/**
 * Consumes a topic as a member of a group until `stop`. Offsets are committed only when everything up to them has been
 * handled, so a message may come twice but is never skipped. It survives outages of any length: sessions are disposable; any error or
 * silence ends one, and the next starts from what was committed.
 *
 * @returns when it has stopped: the batches in `handle` have ended, their offsets are committed, and the member has left the group, all
 *   of it within `stopDeadlineMs` and a few seconds. Never rejects because of Kafka
 */
export async function consume(options: ConsumeOptions, stop: AbortSignal): Promise<void> {
  const library = await loadKafka()
  const log = options.log.child({ topic: options.topic, groupId: options.groupId })
  const tell = (state: ConsumerState, detail = '') => options.onState?.(state, detail)
  let instanceId = newInstanceId(options.clientId)
  let legacy: Legacy | undefined
  let failures = 0
  while (!stop.aborted) {
    if (failures === 0) tell('connecting')
    const session = openSession(library, options, { instanceId, legacy }, log, tell)
    try {
      await session.run(stop)
    } catch (error) {
      const isAbsent = isUnknownTopic(error)
      legacy = session.legacy
      failures = session.madeProgress ? 1 : failures + 1
      if (isAbsent || error instanceof PartitionsChangedError) instanceId = newInstanceId(options.clientId)
      // One line in ten, so that a long outage does not fill the log.
      const level = failures % 10 === 1 ? 'warn' : 'debug'
      log[level](
        { reason: reasonOf(error), failures },
        'A Kafka session ended; the next one starts from what was committed',
      )
      await pause(isAbsent ? topicAbsentMs : backoffMs(backoff, failures, Math.random()), stop)
    }
  }
  tell('stopped')
}

function newInstanceId(clientId: string): string {
  return `${clientId}-${randomUUID()}`
}

function openSession(
  library: KafkaLibrary,
  options: ConsumeOptions,
  past: { instanceId: string; legacy: Legacy | undefined },
  log: Logger,
  tell: (state: ConsumerState, detail?: string) => void,
): Session {
  return new Session(library, {
    brokers: options.brokers,
    security: options.security,
    groupId: options.groupId,
    topic: options.topic,
    clientId: options.clientId,
    ...past,
    batchMessagesMax: options.batchMessagesMax ?? 2000,
    batchBytesMax: options.batchBytesMax ?? 8 * 1024 * 1024,
    batchesInFlightMax: options.batchesInFlightMax ?? 4,
    backlogBytesMax: options.backlogBytesMax ?? 8 * 1024 * 1024,
    stopDeadlineMs: options.stopDeadlineMs ?? 10_000,
    handle: async messages => options.handle(messages),
    onConsuming: partitions => tell('consuming', `partitions ${partitions.join(', ') || 'none'}`),
    onBroken: error => tell(isUnknownTopic(error) ? 'topic-absent' : 'broken', reasonOf(error)),
    onLag: lag => options.onLag?.(lag),
    log,
  })
}
