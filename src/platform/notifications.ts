import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Backoff, backoffMs } from './backoff.ts'
import { ListenerSession, SilentSessionError } from './listener-session.ts'
import type { Logger } from './log.ts'
import { pause } from './periodic.ts'
import type { Pool, PostgresAddress } from './postgres.ts'
import { reasonOf } from './reason.ts'

/** How often a notification of its own is sent, whether the last one is back or not: on a busy machine that takes its time. */
const proofPauseMs = 300

/** How long a proof is valid: an instance must know within a second what another one has changed. */
const proofStandsMs = 1_000

/** Notifications of its own that may be under way at once: while the database hangs, more would only wait. */
const proofsUnderWayMax = 4

const backoff: Backoff = { firstMs: 200, maxMs: 10_000 }

/** Receives notifications of what others change, and knows whether it does. */
export type Listener = {
  /**
   * Whether every notification committed until a second ago was received. Only then may caches that rely on notifications be used.
   *
   * @param nowMs by `performance.now()`
   */
  isInStep(nowMs?: number): boolean
  /** The state for people, with the reason. */
  state(): { state: 'up' | 'down'; detail?: string }
  /** Listens until told to stop, through any outage. */
  run(heard: Heard, stop: AbortSignal): Promise<void>
}

/** The channels to listen to, and the callbacks. */
export type Heard = {
  channels: readonly string[]
  /** Called for each notification. */
  onNotify: (channel: string, message: string) => void
  /** Called for each session that has proven itself, before it is trusted: earlier notifications may have been missed. */
  onInStep: () => void
}

type ListenerOptions = {
  address: PostgresAddress
  /** Sends a notification by another session than the listener's, since a session always hears itself. */
  notify: (channel: string, message: string) => Promise<unknown>
  log: Logger
}

/**
 * Makes a listener. A session that seems to listen may receive nothing: a pooler in transaction mode accepts LISTEN and delivers the
 * notifications to nobody, and a connection can be gone without either side being told. So the session proves itself all the time: a
 * notification that another session sends must come back. Notifications arrive in commit order, so one that was sent at a time and
 * is received proves that all earlier ones were received too.
 */
export function createListener(options: ListenerOptions): Listener {
  const { log } = options
  const proof: ProofState = {
    id: randomUUID(),
    sent: 0,
    provenAtMs: Number.NEGATIVE_INFINITY,
    trouble: 'not listening yet',
  }
  const isInStep = (nowMs = performance.now()) => nowMs - proof.provenAtMs <= proofStandsMs
  return {
    isInStep,
    state: () => (isInStep() ? { state: 'up' } : { state: 'down', detail: proof.trouble }),
    async run(heard, stop) {
      for (let failures = 0; !stop.aborted; failures += 1) {
        try {
          await listen(options, proof, heard, stop, () => {
            if (failures > 0) log.info('notifications arrive again')
            failures = 0
          })
        } catch (error) {
          if (stop.aborted) return
          proof.trouble = reasonOf(error)
          const isNews = failures === 0 || (failures === 1 && error instanceof SilentSessionError)
          if (isNews) log.warn({ err: error }, 'notifications do not arrive; caches are bypassed until they do')
        }
        await pause(backoffMs(backoff, failures + 1, Math.random()), stop)
      }
    },
  }
}

/** What is known of the listener's own notifications. */
type ProofState = {
  /** Distinguishes them from those of other listeners. */
  readonly id: string
  sent: number
  /** When the last one that came back was sent. */
  provenAtMs: number
  /** Why the listener is not in step, for people. */
  trouble: string
}

/** Listens with one session until that breaks or the service stops. @throws what broke it */
async function listen(
  { address, notify }: ListenerOptions,
  proof: ProofState,
  heard: Heard,
  stop: AbortSignal,
  onProven: () => void,
): Promise<void> {
  let isProven = false
  const session = new ListenerSession({
    address,
    ...heard,
    onProof(sentAtMs) {
      if (!isProven) heard.onInStep()
      isProven = true
      proof.provenAtMs = Math.max(proof.provenAtMs, sentAtMs)
      proof.trouble = 'a notification of its own is late'
      onProven()
    },
  })
  /** Sends one notification. A failure to send says nothing about the session. */
  const prove = async () => {
    proof.sent += 1
    await session.expect(`${proof.id} ${proof.sent}`, notify).catch(error => {
      proof.trouble = reasonOf(error)
    })
  }
  const end = () => session.break(new Error('the service stops'))
  stop.addEventListener('abort', end)
  try {
    await session.open()
    while (!stop.aborted) {
      session.checkSilence()
      if (session.expected < proofsUnderWayMax) void prove()
      await session.unlessBroken(sleep(proofPauseMs))
    }
  } finally {
    stop.removeEventListener('abort', end)
    await session.close()
  }
}

/** Sends a notification outside of other transactions. Nothing of it must be durable, so it does not wait for the disk. */
export async function notify(pool: Pool, channel: string, message: string): Promise<void> {
  await pool.query("select set_config('synchronous_commit', 'off', true), pg_notify($1, $2)", [channel, message])
}
