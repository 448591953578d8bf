import { setTimeout as sleep } from 'node:timers/promises'
import { KafkaRefusedError } from '../platform/kafka.ts'
import type { OutgoingMessage } from '../platform/kafka-chunks.ts'
import type { Publisher } from '../platform/kafka-publisher.ts'
import { holdLock } from '../platform/leadership.ts'
import type { Logger } from '../platform/log.ts'
import type { Pool, PostgresAddress } from '../platform/postgres.ts'
import { toCloudEvent } from './cloud-event.ts'
import { type DeadLetterListing, markAnnounced, readUnannounced } from './dead-letters.ts'
import { readLog } from './log.ts'
import { readPlace, savePlace } from './readers.ts'
import type { WakeUp } from './wake-up.ts'

/** The relay's name among the readers of the log. */
export const relayReader = 'kafka'

const eventsMax = 1_000
const lettersMax = 200
const sendDeadlineMs = 15_000

/** Of all instances one relays; any number that no other lock of ours has. */
const relayLock = 7_306_292

/**
 * Publishes the log to Kafka in its order, and announces dead letters, until told to stop. At least once: a place is saved
 * after the broker has acknowledged everything up to it. One instance does it at a time; when it goes away or loses its
 * database connection, another goes on from the saved place.
 */
export async function keepRelaying(
  options: {
    pool: Pool
    address: PostgresAddress
    publisher: Publisher
    eventsTopic: string
    deadLettersTopic: string
    /** Rings when the log has grown. */
    wakeUp: WakeUp
    onPublished: (events: number) => void
    log: Logger
  },
  stop: AbortSignal,
): Promise<void> {
  const { pool, log, wakeUp } = options
  for (let failures = 0; !stop.aborted; ) {
    try {
      await holdLock({ address: options.address, lock: relayLock, name: 'orders relay' }, stop, async held => {
        log.info('this instance publishes the event log to Kafka')
        let place = await readPlace(pool, relayReader)
        while (!held.aborted) {
          const rings = wakeUp.rings()
          const events = await readLog(pool, place, eventsMax)
          const last = events.at(-1)
          if (last !== undefined) {
            await options.publisher.send(options.eventsTopic, events.map(toCloudEvent), sendDeadlineMs)
            await savePlace(pool, relayReader, last.place)
            place = last.place
            options.onPublished(events.length)
          }
          const announced = await announce(options)
          failures = 0
          if (events.length < eventsMax && announced < lettersMax) await wakeUp.next(rings, held)
        }
      })
    } catch (error) {
      if (stop.aborted) return
      if (failures === 0) log.warn({ err: error }, 'publishing to Kafka is interrupted; it goes on where it was')
      failures += 1
    }
    await sleep(Math.min(200 * 2 ** failures, 5_000), undefined, { signal: stop }).catch(() => undefined)
  }
}

type Announcing = { pool: Pool; publisher: Publisher; deadLettersTopic: string }

async function announce({ pool, publisher, deadLettersTopic }: Announcing): Promise<number> {
  const letters = await readUnannounced(pool, lettersMax)
  if (letters.length === 0) return 0
  const messages = letters.map(toAnnouncement)
  for (;;) {
    try {
      await publisher.send(deadLettersTopic, messages, sendDeadlineMs)
      break
    } catch (error) {
      if (!(error instanceof KafkaRefusedError) || error.messageIndex === null) throw error
      // A message that this topic will not carry is announced without its bytes, which the API still has.
      const refused = messages[error.messageIndex]
      if (refused === undefined || refused.value === null) throw error
      const headers = [...(refused.headers ?? []), ['dlq_value_left_out', error.reason] as const]
      messages[error.messageIndex] = { ...refused, value: null, headers }
    }
  }
  await markAnnounced(
    pool,
    letters.map(letter => letter.id),
  )
  return letters.length
}

/** The most that the violations take of a header; the API has all of them. */
const violationsCharactersMax = 8_000

/** A dead letter as it came, so that it can be sent again as it is; what is known of it stands in headers before its own. */
function toAnnouncement(letter: DeadLetterListing): OutgoingMessage {
  const violations = JSON.stringify(letter.violations)
  return {
    key: decode(letter.key),
    value: decode(letter.value),
    headers: [
      ['dlq_id', letter.id],
      ['dlq_topic', letter.topic],
      ['dlq_partition', String(letter.partition)],
      ['dlq_offset', letter.offset],
      ['dlq_code', letter.code],
      ['dlq_detail', letter.detail],
      ['dlq_errors', violations.length > violationsCharactersMax ? null : violations],
      ...letter.headers.map(([name, value]) => [name, decode(value)] as const),
    ],
  }
}

function decode(base64: string | null): Buffer | null {
  return base64 === null ? null : Buffer.from(base64, 'base64')
}
