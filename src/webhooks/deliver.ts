import { advisoryLocks } from '../advisory-locks.ts'
import type { Notifier } from '../events/notifier.ts'
import { readCheckpoint } from '../events/readers.ts'
import { type Lease, runAsLeader } from '../platform/leadership.ts'
import type { Logger } from '../platform/log.ts'
import type { PostgresAddress } from '../platform/postgres.ts'
import { DeliveryLog, deliveryLogBounds, sweepDeliveryLog } from './delivery-log.ts'
import { insertDeliveries } from './delivery-queries.ts'
import { readEnabled, releaseCheckpoints } from './queries.ts'
import { readRetries } from './retry-queries.ts'
import type { Sender } from './sender.ts'
import { Subscription, type SubscriptionOptions } from './subscription.ts'
import { checkpointKeptMs, readerOf, type Webhook } from './webhook.ts'

/** How often the subscriptions are read without a notification. */
const lookMs = 5_000
const sweepMs = 60_000

export type DeliverOptions = Omit<SubscriptionOptions, 'deliveryLog'> & {
  address: PostgresAddress
  /** Whether the time can be relied on: otherwise nothing that is kept for a time is removed. */
  isClockRight: () => boolean
  /** Notifies that subscriptions have changed. */
  changed: Notifier
  log: Logger
}

/**
 * Delivers events to all subscriptions until told to stop. One instance does it at a time; when it goes away or loses its
 * database connection, another continues from the saved checkpoints.
 */
export async function runDeliveries(options: DeliverOptions, stop: AbortSignal): Promise<void> {
  const { address, log } = options
  const leadership = {
    address,
    lock: advisoryLocks.webhookDelivery,
    name: 'orders webhooks',
    does: 'delivers webhooks',
    log,
  }
  await runAsLeader(leadership, stop, (lease, onProgress) => deliverWhileLeading(options, stop, lease, onProgress))
}

type Running = Map<string, { subscription: Subscription; isOver: Promise<void> }>

/** Runs every enabled subscription while the lock is held, and keeps what they leave behind in bounds. */
async function deliverWhileLeading(
  options: DeliverOptions,
  stop: AbortSignal,
  lease: Lease,
  onProgress: () => void,
): Promise<void> {
  const { changed, isClockRight, log } = options
  const { pool } = options.events
  const deliveryLog = new DeliveryLog(deliveries => insertDeliveries(pool, deliveries), log)
  const sender = whileHeld(options.sender, lease)
  const running: Running = new Map()
  let seen = -1
  let lookedAtMs = Number.NEGATIVE_INFINITY
  let sweptAtMs = Number.NEGATIVE_INFINITY
  try {
    while (!lease.ends.aborted) {
      if (seen !== changed.seen() || performance.now() - lookedAtMs > lookMs) {
        seen = changed.seen()
        lookedAtMs = performance.now()
        await follow(await readEnabled(pool), running, { ...options, deliveryLog, sender })
      }
      if (performance.now() - sweptAtMs > sweepMs && isClockRight()) {
        sweptAtMs = performance.now()
        await sweep(options)
      }
      await deliveryLog.flush()
      onProgress()
      await changed.next(seen, lease.ends)
    }
  } finally {
    const hasLostLock = !stop.aborted
    for (const { subscription } of running.values()) {
      if (hasLostLock) subscription.cutOff()
      else subscription.end()
    }
    await Promise.all([...running.values()].map(({ isOver }) => isOver))
    await deliveryLog.flush().catch(error => log.warn({ err: error }, 'the last deliveries were not logged'))
  }
}

/** A sender that sends nothing without the lease, which is checked right before the first byte of each attempt. */
function whileHeld(sender: Sender, lease: Lease): Sender {
  return {
    ...sender,
    async post(url, headers, body, stop) {
      lease.assertHeld()
      return sender.post(url, headers, body, stop, () => lease.assertHeld())
    },
  }
}

/** Runs what is enabled and does not run yet, hands on changes, and ends what is not enabled any more. */
async function follow(
  enabled: readonly Webhook[],
  running: Running,
  options: SubscriptionOptions & { changed: Notifier },
): Promise<void> {
  const { pool } = options.events
  const ids = new Set(enabled.map(({ id }) => id))
  for (const [id, { subscription }] of running) if (!ids.has(id)) subscription.end()
  for (const webhook of enabled) {
    const known = running.get(webhook.id)
    known?.subscription.update(webhook)
    if (known !== undefined) continue
    const checkpoint = await readCheckpoint(pool, readerOf(webhook.id))
    const subscription = new Subscription(options, webhook, {
      checkpoint,
      retries: await readRetries(pool, webhook.id),
    })
    const isOver = subscription.run().finally(() => {
      running.delete(webhook.id)
      // It may have been enabled again while it ended; what failed waits for the next look.
      if (!subscription.hasFailed) options.changed.notify()
    })
    running.set(webhook.id, { subscription, isOver })
  }
}

/** Removes what is kept no longer. */
async function sweep({ events: { pool }, now, log }: DeliverOptions): Promise<void> {
  await sweepDeliveryLog(pool, now(), deliveryLogBounds)
  for (const webhook of await releaseCheckpoints(pool, now() - checkpointKeptMs)) {
    log.warn({ webhook }, 'the checkpoint of a webhook that was disabled for too long is dropped')
  }
}
