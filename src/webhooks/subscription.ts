import { type Checkpoint, compareCheckpoints } from '../events/checkpoint.ts'
import { type FedEvent, sizeOf } from '../events/fed-event.ts'
import type { EventFeed } from '../events/feed.ts'
import { readEvent } from '../events/log.ts'
import { Notifier } from '../events/notifier.ts'
import { moveCheckpoint } from '../events/readers.ts'
import { type EventLog, streamKey } from '../events/stream-definition.ts'
import { pause } from '../platform/periodic.ts'
import { retryWhileUnavailable } from '../platform/retry.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { DurableRetryQueue } from './durable-retry-queue.ts'
import { KeyedQueue } from './keyed-queue.ts'
import { type DeliveryAttempt, type FollowUp, Outcomes, type OutcomesOptions } from './outcomes.ts'
import { fromFeed, fromLog, type OutgoingEvent, sendSigned } from './outgoing.ts'
import { disableWebhook, saveFailingSince } from './queries.ts'
import { type QueuedRetry, retryOf } from './retry-queue.ts'
import type { Sender } from './sender.ts'
import { type DisabledReason, readerOf, type Webhook, wantsType } from './webhook.ts'
import { LogWindow, type WindowEntry } from './window.ts'

export type SubscriptionOptions = OutcomesOptions & { events: EventLog; feed: EventFeed; sender: Sender }

/** What the database has of a subscription: its checkpoint, and its retry queue. */
type SubscriptionState = { checkpoint: Checkpoint; retries: QueuedRetry[] }

const waiting = 'a webhook waits for the database'

/** Delivering an event by a request of its own is as much work as sending it to this many streams. */
const streamsADelivery = 16

type Job = { event: OutgoingEvent; entry: WindowEntry }

/**
 * Delivers the log to one receiver: a reader of the log with a checkpoint of its own. Events of different streams run side by side,
 * those of one stream one after another. One that fails goes to the retry queue in the database, those of its stream behind it, and the
 * others go on; the checkpoint moves over what is delivered or queued. So a good event costs no row, a checkpoint is saved now and
 * then, and after a kill what was delivered since is sent again, from the checkpoint on and in order.
 */
export class Subscription {
  /** Whether it ended by an unexpected error. */
  hasFailed = false
  readonly #options: SubscriptionOptions
  readonly #queue = new KeyedQueue<Job>()
  readonly #window: LogWindow
  readonly #retries: DurableRetryQueue
  readonly #breaker: CircuitBreaker
  readonly #outcomes: Outcomes
  readonly #hasChanged = new Notifier()
  /** Nothing more is begun. */
  readonly #ending = new AbortController()
  /** What is under way is broken off. */
  readonly #cut = new AbortController()
  #webhook: Webhook
  #requests = 0
  #repetitions = 0
  #savedCheckpoint: Checkpoint
  #savedFailingSinceMs: number | null

  constructor(options: SubscriptionOptions, webhook: Webhook, state: SubscriptionState) {
    this.#options = options
    this.#webhook = webhook
    this.#window = new LogWindow(state.checkpoint)
    this.#savedCheckpoint = state.checkpoint
    this.#breaker = new CircuitBreaker(options.rules, webhook.failingSinceMs)
    this.#outcomes = new Outcomes(options, webhook.id, this.#breaker)
    this.#savedFailingSinceMs = webhook.failingSinceMs
    this.#retries = new DurableRetryQueue(options.events.pool, webhook.id, state.retries, options.log, this.#cut.signal)
  }

  /** Takes over a change of the subscription; to another URL what waits is sent at once. */
  update(webhook: Webhook): void {
    const isElsewhere = webhook.url !== this.#webhook.url
    this.#webhook = webhook
    if (!isElsewhere) return
    this.#breaker.forget()
    this.#retries.makeDue(this.#options.now())
  }

  /** Begins nothing more; `run` resolves when what is under way is finished, or has taken too long. */
  end(): void {
    this.#ending.abort()
  }

  /** Breaks off at once, and writes nothing more: another instance continues. */
  cutOff(): void {
    this.#ending.abort()
    this.#cut.abort()
  }

  /** Delivers until ended, disabled or cut off, or until an error that is no outage; then it is started again. */
  async run(): Promise<void> {
    const leave = this.#options.feed.follow()
    try {
      await Promise.all([this.#read().catch(error => this.#fail(error)), this.#tick()])
      await this.#drain()
    } finally {
      leave()
    }
  }

  async #read(): Promise<void> {
    const { feed, log } = this.#options
    const { signal } = this.#ending
    while (!signal.aborted) {
      const changes = this.#hasChanged.seen()
      if (!this.#hasRoom()) {
        await this.#hasChanged.next(changes, signal)
        continue
      }
      const seen = feed.arrived.seen()
      const checkpoint = this.#window.readUpTo
      const page =
        feed.after(checkpoint) ?? (await retryWhileUnavailable(() => feed.older(checkpoint, {}), waiting, log, signal))
      await feed.throttle.acquire(sizeOf(page.events) * streamsADelivery, signal)
      if (signal.aborted) return
      this.#take(page.events)
      this.#window.passTo(page.checkpoint)
      this.#begin()
      if (compareCheckpoints(page.checkpoint, checkpoint) === 0) await feed.arrived.next(seen, signal)
    }
  }

  #hasRoom(): boolean {
    const { windowEventsMax, windowBytesMax, retriesMax } = this.#options.rules
    const { entries, bytes } = this.#window
    return entries < windowEventsMax && bytes < windowBytesMax && this.#retries.count < retriesMax
  }

  #take(events: readonly FedEvent[], log = this.#options.events): void {
    const behind: Job[] = []
    for (const fed of events) {
      if (!wantsType(this.#webhook.eventTypes, fed.type)) continue
      const job = { event: fromFeed(log, fed), entry: this.#window.add(fed.checkpoint, fed.frame.byteLength) }
      if (this.#retries.holds(fed)) behind.push(job)
      else this.#queue.add(streamKey(fed), job)
    }
    this.#queueRetries(behind, 0, this.#options.now())
  }

  /**
   * Begins what may be begun now. Repetitions first, since they have waited longest; but a receiver that was down is asked
   * with a new event, for it may be back and still refuse an old one.
   */
  #begin(): void {
    while (!this.#ending.signal.aborted && this.#requests < this.#breaker.requestsMax(performance.now())) {
      const work = this.#breaker.isOpen
        ? (this.#nextDelivery() ?? this.#nextRepetition())
        : (this.#nextRepetition() ?? this.#nextDelivery())
      if (work === undefined) return
      this.#watch(work)
    }
  }

  #nextDelivery(): Promise<void> | undefined {
    const next = this.#queue.take()?.work
    return next && this.#deliver(next)
  }

  #nextRepetition(): Promise<void> | undefined {
    const { rules, now } = this.#options
    const due = this.#repetitions < rules.repetitionsMax ? this.#retries.takeDue(now()) : undefined
    return due && this.#repeat(due)
  }

  /** Counts a request while it is under way, and begins the next when it is over. */
  #watch(work: Promise<void>): void {
    this.#requests += 1
    void work
      .catch(error => this.#fail(error))
      .finally(() => {
        this.#requests -= 1
        this.#begin()
        this.#hasChanged.notify()
      })
  }

  /** Ends all of it after an error, so that it starts again from what is saved. */
  #fail(error: unknown): void {
    // What waited for the database ends with an AbortError, and a lost lease is no error.
    const isOver = error instanceof Error && ['AbortError', 'LeaseLostError'].includes(error.name)
    if (this.#cut.signal.aborted || isOver) return
    this.#options.log.error({ err: error, webhook: this.#webhook.id }, 'a webhook restarts after an error')
    this.hasFailed = true
    this.cutOff()
  }

  async #deliver(job: Job): Promise<void> {
    const { event, entry } = job
    const attempt = await this.#try(event, 1)
    if (attempt === undefined) return
    const followUp = this.#judge(attempt)
    if (followUp.kind === 'delivered') {
      this.#queue.done(streamKey(event))
      this.#window.done(entry)
      return
    }
    const dueAtMs = followUp.dueAtMs ?? attempt.attemptedAtMs
    this.#queueRetries([job], 1, dueAtMs)
    this.#queueRetries(this.#queue.clear(streamKey(event)), 0, dueAtMs)
  }

  async #repeat(queued: QueuedRetry): Promise<void> {
    this.#repetitions += 1
    try {
      const { events, log } = this.#options
      const read = () => readEvent(events, queued)
      const logged = await retryWhileUnavailable(read, waiting, log, this.#cut.signal)
      if (logged === undefined) {
        const { streamType, streamId, sequence } = queued
        const event = { webhook: this.#webhook.id, streamType, streamId, sequence }
        log.warn(event, 'an event to repeat is no longer in the log')
        return await this.#retries.remove(queued)
      }
      const attempt = await this.#try(fromLog(this.#options.events, logged), queued.attempts + 1)
      if (attempt === undefined) return
      const followUp = this.#judge(attempt)
      const dueAtMs = followUp.kind === 'delivered' ? undefined : followUp.dueAtMs
      if (dueAtMs === undefined) await this.#retries.remove(queued)
      else await this.#retries.postpone(queued, attempt.number, dueAtMs)
    } finally {
      this.#repetitions -= 1
    }
  }

  /** @returns undefined when it was broken off, and nothing is known of the event */
  async #try(event: OutgoingEvent, number: number): Promise<DeliveryAttempt | undefined> {
    const attemptedAtMs = this.#options.now()
    const result = await sendSigned(this.#options.sender, this.#webhook, event, attemptedAtMs, this.#cut.signal)
    return this.#cut.signal.aborted ? undefined : { event, result, number, attemptedAtMs }
  }

  #judge(attempt: DeliveryAttempt): FollowUp {
    const followUp = this.#outcomes.judge(attempt)
    if (followUp.kind === 'failed') {
      if (followUp.disable !== undefined) this.#disable(followUp.disable)
    } else if (followUp.isBack) this.#retries.makeDue(this.#options.now())
    return followUp
  }

  #disable(reason: DisabledReason): void {
    const { events, now, log } = this.#options
    if (this.#ending.signal.aborted) return
    this.#ending.abort()
    log.warn({ webhook: this.#webhook.id, reason }, 'a webhook is disabled')
    this.#retries
      .write(() => disableWebhook(events.pool, this.#webhook.id, reason, now()))
      .catch(error => this.#fail(error))
  }

  /** Puts events into the retry queue; they count as done as soon as the database has them. */
  #queueRetries(jobs: readonly Job[], attempts: number, dueAtMs: number): void {
    if (jobs.length === 0) return
    const queued = jobs.map(({ event }) => retryOf(event, attempts, dueAtMs))
    this.#retries.add(queued).then(
      () => {
        for (const { entry } of jobs) this.#window.done(entry)
        this.#hasChanged.notify()
      },
      error => this.#fail(error),
    )
  }

  /** Begins what has become due, and saves how far it has come. */
  async #tick(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      this.#begin()
      await this.#save()
      await pause(this.#options.rules.tickMs, signal)
    }
  }

  async #save(): Promise<void> {
    const { log } = this.#options
    const { pool } = this.#options.events
    const { id } = this.#webhook
    const checkpoint = this.#window.doneUpTo
    const { failingSinceMs } = this.#breaker
    try {
      if (compareCheckpoints(checkpoint, this.#savedCheckpoint) !== 0)
        await moveCheckpoint(pool, readerOf(id), checkpoint)
      this.#savedCheckpoint = checkpoint
      if (failingSinceMs !== this.#savedFailingSinceMs) await saveFailingSince(pool, id, failingSinceMs)
      this.#savedFailingSinceMs = failingSinceMs
    } catch (error) {
      log.warn({ err: error, webhook: id }, 'the checkpoint of a webhook could not be saved; trying again')
    }
  }

  /** Waits for what is under way, for a while; then the checkpoint is saved a last time. */
  async #drain(): Promise<void> {
    const isCutOff = this.#cut.signal.aborted
    const deadline = setTimeout(() => this.#cut.abort(), this.#options.rules.drainMs)
    const never = new AbortController().signal
    while (this.#requests > 0) await this.#hasChanged.next(this.#hasChanged.seen(), never)
    await this.#retries.settled()
    clearTimeout(deadline)
    if (!isCutOff) await this.#save()
  }
}
