import { advisoryLocks } from '../advisory-locks.ts'
import type { Publisher } from '../platform/kafka/publisher.ts'
import { type Reduce, sendOrReduce } from '../platform/kafka/send-reduced.ts'
import { about } from '../platform/kafka/tracing.ts'
import { type Lease, runAsLeader } from '../platform/leadership.ts'
import type { Logger } from '../platform/log.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { type Tracer, within } from '../platform/tracing.ts'
import { carried } from './carried.ts'
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

/** How often the checkpoint is saved, and what else there is published, while there is always more to send. */
const noteEveryMs = 100

export type RelayOptions = {
  events: EventLog
  address: PostgresAddress
  publisher: Publisher
  eventsTopic: string
  /** Publishes a portion of what else goes out under the relay's lease. @returns how much; 0: there is nothing left */
  publishOther: (lease: Lease) => Promise<number>
  /** Notifies that the log has grown. */
  logGrown: Notifier
  /** Lets the intake go first. */
  throttle: ReaderThrottle
  onPublished: (events: number) => void
  /** Undefined: nothing is traced. */
  tracer?: Tracer | undefined
  log: Logger
}

/**
 * Publishes the log to Kafka in its order until told to stop. At least once: a checkpoint is saved after the broker has acknowledged
 * everything up to it. One instance does it at a time; when it goes away, hangs or loses its database connection, another goes on from
 * the saved checkpoint, and nothing that the first one sends late is accepted by the brokers.
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

/** Relays while the lock is held. While a page is being sent, the next one is being read where there is more. */
async function relay(options: Relaying, onProgress: () => void): Promise<void> {
  const { events: log, logGrown, throttle, lease } = options
  const { ends } = lease
  const progress = new Progress(options, await enterReader(log.pool, relayReader))
  let ahead: Promise<LogPage> | undefined
  while (!ends.aborted) {
    const seen = logGrown.seen()
    const isAhead = ahead !== undefined
    const { events, isAll } = await (ahead ?? readLog(log, progress.reached, eventsMax))
    const last = events.at(-1)
    // What comes while the last page is being sent is to be on the next one.
    ahead = last === undefined || isAll ? undefined : readLog(log, last.checkpoint, eventsMax)
    // An error of sending is met first; this read's error is met again by the next one.
    ahead?.catch(() => undefined)
    if (last === undefined) {
      const others = await progress.settle()
      onProgress()
      if (isAll && !isAhead && others === 0) await logGrown.next(seen, ends)
      continue
    }
    await throttle.acquire(weightOf(events), ends)
    await sendEvents(options, events)
    options.onPublished(events.length)
    onProgress()
    await progress.advance(last.checkpoint)
  }
  await progress.save()
}

/** How far the relay has come, and how much of that the database knows. */
class Progress {
  readonly #options: Relaying
  #reached: Checkpoint
  #saved: Checkpoint
  #noting: Promise<unknown> = Promise.resolve()
  #notedAtMs = 0

  constructor(options: Relaying, checkpoint: Checkpoint) {
    this.#options = options
    this.#reached = checkpoint
    this.#saved = checkpoint
  }

  get reached(): Checkpoint {
    return this.#reached
  }

  /** Notes that everything up to a checkpoint is published. It is saved now and then, while the next page is being sent. */
  async advance(checkpoint: Checkpoint): Promise<void> {
    this.#reached = checkpoint
    if (performance.now() - this.#notedAtMs < noteEveryMs) return
    await this.#noting
    this.#notedAtMs = performance.now()
    const { publishOther, lease } = this.#options
    this.#noting = Promise.all([this.#save(), publishOther(lease)])
    this.#noting.catch(() => undefined)
  }

  /** Saves the checkpoint, and publishes a portion of what else there is. @returns how much that was */
  async settle(): Promise<number> {
    await this.save()
    return this.#options.publishOther(this.#options.lease)
  }

  /** Saves the checkpoint, after what is under way. @throws LeaseLostError, or what saving or publishing met */
  async save(): Promise<void> {
    await this.#noting
    await this.#save()
  }

  async #save(): Promise<void> {
    if (this.#reached === this.#saved) return
    const { events, lease } = this.#options
    lease.assertHeld()
    this.#saved = this.#reached
    await saveCheckpoint(events.pool, relayReader, this.#saved)
  }
}

/**
 * What events count for the throttle. Kafka stores what it is sent for all its readers, so an event counts an eighth of what it does for
 * a stream: with no other readers the relay keeps pace with the intake, while orders are in memory and need not be fetched.
 */
function weightOf(events: readonly LoggedEvent[]): number {
  return events.reduce((sum, { data }) => sum + data.length, 0) / 8
}

async function sendEvents(options: Relaying, events: readonly LoggedEvent[]): Promise<void> {
  const { eventsTopic: topic, tracer } = options
  // No producer span, as the conventions say: what is received has the trace of its change for its parent, and not this span.
  const span = tracer?.beginFor(
    `send ${topic}`,
    events.map(({ traceparent }) => traceparent),
    { kind: 'client', attributes: about('send', topic, events.length) },
  )
  const reduce: Reduce = index => {
    const event = events[index]
    return event && toCloudEventWithoutData(event, addressOf(options.events.streams, event))
  }
  const messages = events.map(event => toCloudEvent(carried(options.events, event)))
  await within(span, () => sendOrReduce(options, topic, messages, reduce))
}

/** Where the stream of an event can be read. */
function addressOf(streams: EventLog['streams'], { streamType, streamId }: LoggedEvent): string {
  const stream = streams.find(({ type }) => type === streamType)
  return stream?.addressOf(streamId) ?? `/api/events?stream_type=${streamType}&stream_id=${streamId}`
}
