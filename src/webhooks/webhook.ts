/** Where a subscription's events go, which, and what they are signed with. */
export type Endpoint = {
  id: string
  url: string
  /** Patterns of event types. */
  eventTypes: readonly string[]
  secret: string
  previousSecret: { secret: string; untilMs: number } | null
}

/** A subscription to events, delivered by HTTP. */
export type Webhook = Endpoint & {
  description: string
  /** When the failures began that nothing was delivered since; null while deliveries succeed. */
  failingSinceMs: number | null
  disabled: { reason: DisabledReason; atMs: number } | null
  createdAtMs: number
  updatedAtMs: number
}

/** Why a subscription is disabled: its receiver said 410 Gone; nothing was delivered for too long; it was requested. */
export const disabledReasons = ['gone', 'failing', 'requested'] as const
export type DisabledReason = (typeof disabledReasons)[number]

/** How deliveries behave. Times in milliseconds; tests have shorter ones. */
export type DeliveryRules = {
  /** The pause before each repetition of one event; after the last of them the event is given up. */
  retryAfterMs: readonly number[]
  /** How many failures in a row pause a subscription as a whole. */
  failuresBeforePause: number
  /** The first pause of a subscription; each next one is twice as long, up to the longest. */
  pauseMs: number
  pauseMsMax: number
  /** How long a subscription may go without a delivery before it is disabled. */
  disableAfterMs: number
  /** Events of a subscription that are being sent or wait in memory for an earlier one. */
  windowEventsMax: number
  windowBytesMax: number
  /** Requests of a subscription at a time, and how many of them may be repetitions. */
  requestsMax: number
  repetitionsMax: number
  /** The size of a retry queue; while it is full, the checkpoint waits. */
  retriesMax: number
  /** How often checkpoints are saved, repetitions looked for and the delivery log is written. */
  tickMs: number
  /** How long requests under way may still take when the service stops. */
  drainMs: number
}

const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour

/** The repetitions are those that Standard Webhooks recommends: ten attempts within a little more than three days. */
export const deliveryRules: DeliveryRules = {
  retryAfterMs: [5 * second, 5 * minute, 30 * minute, 2 * hour, 5 * hour, 10 * hour, 14 * hour, 20 * hour, 24 * hour],
  failuresBeforePause: 5,
  pauseMs: 5 * second,
  pauseMsMax: 10 * minute,
  disableAfterMs: 3 * day,
  windowEventsMax: 1_000,
  windowBytesMax: 8 * 1024 * 1024,
  requestsMax: 16,
  repetitionsMax: 4,
  retriesMax: 5_000,
  tickMs: 500,
  drainMs: 5_000,
}

/** How long the checkpoint of a disabled subscription is kept; enabled later, it continues with what happens from then on. */
export const checkpointKeptMs = 7 * day

/** More subscriptions are refused: each costs connections and memory. */
export const webhooksMax = 50

/** How long the secret before a rotation stays valid, unless said otherwise, and at most; in seconds. */
export const previousSecretSeconds = { default: day / second, max: (7 * day) / second }

/** Up to a fifth more, so that what failed together does not come back together. */
function withJitter(durationMs: number, random: number): number {
  return Math.round(durationMs * (1 + 0.2 * random))
}

/**
 * When an event is tried again.
 *
 * @param attempts how often it was tried
 * @param random from 0 up to 1
 * @returns milliseconds from now on; undefined when it was tried often enough
 */
export function retryDelayMs(rules: DeliveryRules, attempts: number, random: number): number | undefined {
  const delayMs = rules.retryAfterMs[attempts - 1]
  return delayMs === undefined ? undefined : withJitter(delayMs, random)
}

/** How long a subscription pauses. @param pauses how many there were since something was delivered */
export function pauseDelayMs(rules: DeliveryRules, pauses: number, random: number): number {
  return withJitter(Math.min(rules.pauseMs * 2 ** pauses, rules.pauseMsMax), random)
}

/** Every pattern that a subscription may name: the types themselves, a family such as `order.*`, and `*` for all. */
export function eventPatterns(types: readonly string[]): string[] {
  const families = new Set(types.map(type => `${type.split('.')[0]}.*`))
  return ['*', ...families, ...types]
}

/** Whether a subscription wants events of a type. */
export function wantsType(patterns: readonly string[], type: string): boolean {
  return patterns.some(
    pattern => pattern === '*' || pattern === type || (pattern.endsWith('.*') && type.startsWith(pattern.slice(0, -1))),
  )
}

/** A subscription's name among the readers of the log. */
export function readerOf(id: string): string {
  return `webhook:${id}`
}
