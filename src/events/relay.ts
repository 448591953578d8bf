import { advisoryLocks } from '../advisory-locks.ts'
import { markPublished, readUnpublished } from '../dead-letters/queries.ts'
import type { DeadLetterListing } from '../dead-letters/views.ts'
import { KafkaRefusedError } from '../platform/kafka/client.ts'
import type { Publisher } from '../platform/kafka/publisher.ts'
import type { OutgoingMessage } from '../platform/kafka/record-batch.ts'
import { about } from '../platform/kafka/tracing.ts'
import { type Lease, runAsLeader } from '../platform/leadership.ts'
import type { Logger } from '../platform/log.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { type Tracer, within } from '../platform/tracing.ts'
import type { Checkpoint } from './checkpoint.ts'
import { toCloudEvent, toCloudEventWithoutData } from './cloud-event.ts'
import type { LoggedEvent, LogPage } from './event-rows.ts'
import { readLog } from './log.ts'
import type { Notifier } from './notifier.ts'
import type { ReaderThrottle } from './reader-throttle.ts'
import { enterReader, saveCheckpoint } from './readers.ts'
import type { EventLog } from './stream-definition.ts'

/** The relay's name among the readers of the log. */
export const relayReader = 'kafka'

const eventsMax = 1_000
const lettersMax = 200
const sendDeadlineMs = 15_000

export type RelayOptions = {
  events: EventLog
  address: PostgresAddress
  publisher: Publisher
  eventsTopic: string
  deadLettersTopic: string
  /** Rings when the log has grown. */
  logGrown: Notifier
  /** Lets the intake go first. */
  throttle: ReaderThrottle
  onPublished: (events: number) => void
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  log: Logger
}

/**
 * Publishes the log to Kafka in its order, and announces dead letters, until told to stop. At least once: a checkpoint is saved
 * after the broker has acknowledged everything up to it. One instance does it at a time; when it goes away, hangs or loses its
 * database connection, another goes on from the saved checkpoint, and nothing that the first one sends late is taken by the brokers.
 */
export async function runRelay(options: RelayOptions, stop: AbortSignal): Promise<void> {
  const { address, log } = options
  const leadership = {
    address,
    lock: advisoryLocks.relay,
    name: 'orders relay',
    does: 'publishes the event log to Kafka',
    log,
  }
  await runAsLeader(leadership, stop, (lease, onProgress) => relay({ ...options, lease }, onProgress))
}

/** The relay of the leader. */
type Relaying = RelayOptions & { lease: Lease }

/** While there is always more to send, the checkpoint is saved and dead letters are looked for so often. */
const noteEveryMs = 100

/** Relays while the lock is held. While a page is being sent, the next one is being read where there is more. */
async function relay(options: Relaying, onProgress: () => void): Promise<void> {
  const { events: eventLog, logGrown, throttle, lease } = options
  const { pool } = eventLog
  const { ends } = lease
  const save = async (reached: Checkpoint) => {
    lease.assertHeld()
    await saveCheckpoint(pool, relayReader, reached)
  }
  let checkpoint = await enterReader(pool, relayReader)
  let ahead: Promise<LogPage> | undefined
  let noting: Promise<unknown> = Promise.resolve()
  let notedAtMs = 0
  let saved = checkpoint
  while (!ends.aborted) {
    const seen = logGrown.seen()
    const isAhead = ahead !== undefined
    const { events, isAll } = await (ahead ?? readLog(eventLog, checkpoint, eventsMax))
    ahead = undefined
    const last = events.at(-1)
    if (last !== undefined) {
      // What comes while the last page is being sent is to be on the next one.
      if (!isAll) ahead = readLog(eventLog, last.checkpoint, eventsMax)
      // Whatever sending meets is met first; what this read met is met again by the next one.
      ahead?.catch(() => undefined)
      await throttle.acquire(weightOf(events), ends)
      await sendEvents(options, events)
      checkpoint = last.checkpoint
      options.onPublished(events.length)
      onProgress()
      if (performance.now() - notedAtMs < noteEveryMs) continue
      await noting
      notedAtMs = performance.now()
      saved = checkpoint
      noting = Promise.all([save(checkpoint), announce(options)])
      noting.catch(() => undefined)
      continue
    }
    await noting
    if (checkpoint !== saved) await save(checkpoint)
    saved = checkpoint
    const announced = await announce(options)
    onProgress()
    if (isAll && !isAhead && announced === 0) await logGrown.next(seen, ends)
  }
  await noting
  if (checkpoint !== saved) await save(checkpoint)
}

/**
 * Kafka stores what it is sent for all its readers, so an event counts an eighth of what it does for a stream. With no other
 * readers the relay keeps pace with the intake so: then orders are still in memory, where fetching them would cost the intake more.
 */
function weightOf(events: readonly LoggedEvent[]): number {
  return events.reduce((sum, { data }) => sum + data.length, 0) / 8
}

async function sendEvents(options: Relaying, events: readonly LoggedEvent[]): Promise<void> {
  const { eventsTopic: topic, tracer } = options
  // No producer, as the conventions say: what is received has the trace of its change for its parent, and not this span.
  const span = tracer?.beginFor(
    `send ${topic}`,
    events.map(({ traceparent }) => traceparent),
    { kind: 'client', attributes: about('send', topic, events.length) },
  )
  const reduce = (_: OutgoingMessage, index: number) => {
    const event = events[index]
    return event === undefined ? undefined : toCloudEventWithoutData(event, addressOf(options.events.streams, event))
  }
  await within(span, () => sendOrReduce(options, topic, events.map(toCloudEvent), reduce))
}

/** Where the stream of an event can be read. */
function addressOf(streams: EventLog['streams'], { streamType, streamId }: LoggedEvent): string {
  const stream = streams.find(({ type }) => type === streamType)
  return stream?.addressOf(streamId) ?? `/api/events?stream_type=${streamType}&stream_id=${streamId}`
}

/**
 * Sends messages; one that the topic will never carry is sent in a smaller form, since everything behind it would wait for
 * ever.
 *
 * @param reduce the smaller form of a message that was refused; undefined when there is none
 */
async function sendOrReduce(
  { publisher, lease }: Relaying,
  topic: string,
  messages: OutgoingMessage[],
  reduce: (refused: OutgoingMessage, index: number, reason: string) => OutgoingMessage | undefined,
): Promise<void> {
  const reduced = new Set<OutgoingMessage>()
  for (;;) {
    try {
      return await publisher.send(topic, messages, sendDeadlineMs, lease)
    } catch (error) {
      const index = error instanceof KafkaRefusedError ? error.messageIndex : null
      const refused = index === null ? undefined : messages[index]
      if (!(error instanceof KafkaRefusedError) || index === null || refused === undefined) throw error
      const smaller = reduced.has(refused) ? undefined : reduce(refused, index, error.reason)
      if (smaller === undefined) throw error
      messages[index] = smaller
      reduced.add(smaller)
    }
  }
}

async function announce(options: Relaying): Promise<number> {
  const {
    events: { pool },
    deadLettersTopic,
  } = options
  const letters = await readUnpublished(pool, lettersMax)
  if (letters.length === 0) return 0
  await sendOrReduce(options, deadLettersTopic, letters.map(toAnnouncement), (_, index, reason) => {
    const letter = letters[index]
    // Its bytes and its own headers are left to the API; what is known of it stays.
    const bare = letter === undefined ? undefined : toAnnouncement({ ...letter, value: null, headers: [] })
    return bare && { ...bare, headers: [...(bare.headers ?? []), ['dlq_value_left_out', reason] as const] }
  })
  await markPublished(
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
