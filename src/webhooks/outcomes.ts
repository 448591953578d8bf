import type { Logger } from '../platform/log.ts'
import type { CircuitBreaker } from './circuit-breaker.ts'
import type { DeliveryLog } from './delivery-log.ts'
import type { DeliveryOutcome } from './delivery-queries.ts'
import type { WebhookMetrics } from './metrics.ts'
import { isDelivered, type OutgoingEvent, toDelivery } from './outgoing.ts'
import type { SendResult } from './sender.ts'
import { type DeliveryRules, type DisabledReason, retryDelayMs } from './webhook.ts'

/** An attempt that is over, its number among those of its event, from 1, and when it began. */
export type DeliveryAttempt = { event: OutgoingEvent; result: SendResult; number: number; attemptedAtMs: number }

/** What follows from an attempt. */
export type FollowUp =
  | { kind: 'delivered' /** Whether the subscription had been pausing until now. */; isBack: boolean }
  /** The event is tried again at a time, or given up where that is undefined; the receiver may have failed for the last time. */
  | { kind: 'failed'; dueAtMs: number | undefined; disable: DisabledReason | undefined }

export type OutcomesOptions = {
  rules: DeliveryRules
  metrics: WebhookMetrics
  deliveryLog: DeliveryLog
  now: () => number
  /** Whether the time can be relied on: otherwise no subscription is disabled for having failed too long. */
  isClockRight: () => boolean
  random: () => number
  log: Logger
}

/** Judges the attempts of a subscription, and records them. */
export class Outcomes {
  readonly #options: OutcomesOptions
  readonly #webhookId: string
  readonly #breaker: CircuitBreaker

  constructor(options: OutcomesOptions, webhookId: string, breaker: CircuitBreaker) {
    this.#options = options
    this.#webhookId = webhookId
    this.#breaker = breaker
  }

  judge(attempt: DeliveryAttempt): FollowUp {
    if (!isDelivered(attempt.result)) return this.#failed(attempt)
    this.#record(attempt, 'delivered')
    const isBack = this.#breaker.succeeded()
    if (isBack) this.#options.log.info({ webhook: this.#webhookId }, 'the receiver of a webhook is back')
    return { kind: 'delivered', isBack }
  }

  #failed(attempt: DeliveryAttempt): FollowUp {
    const { rules, now, isClockRight, random, log } = this.#options
    const { status, error } = attempt.result
    const nowMs = now()
    const pauseMs = this.#breaker.failed(nowMs, random(), attempt.number > 1, performance.now())
    if (pauseMs !== undefined) {
      log.warn({ webhook: this.#webhookId, status, error, pauseMs }, 'a webhook is paused: its receiver fails')
    }
    const failingForMs = nowMs - (this.#breaker.failingSinceMs ?? nowMs)
    const isTooLong = failingForMs > rules.disableAfterMs && isClockRight()
    const disable = status === 410 ? 'gone' : isTooLong ? 'failing' : undefined
    // An event is not given up for the fault of a receiver that takes nothing: it waits until the subscription is enabled.
    const delayMs = retryDelayMs(rules, attempt.number, random()) ?? (disable && 0)
    this.#record(attempt, delayMs === undefined ? 'given_up' : 'failed')
    return { kind: 'failed', dueAtMs: delayMs === undefined ? undefined : nowMs + delayMs, disable }
  }

  #record({ event, result, number, attemptedAtMs }: DeliveryAttempt, outcome: DeliveryOutcome): void {
    this.#options.metrics.attempted(outcome, result.durationMs)
    this.#options.deliveryLog.add(
      toDelivery(this.#webhookId, event, result, { attempt: number, outcome, attemptedAtMs }),
    )
  }
}
