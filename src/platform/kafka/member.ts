import { setTimeout as sleep } from 'node:timers/promises'
import type { Consumer, GroupOptions } from '@platformatic/kafka'
import { type Backoff, backoffMs } from '../backoff.ts'
import type { Offsets } from './backlog.ts'
import {
  clientOptions,
  dispose,
  hasProtocolError,
  type KafkaCluster,
  type KafkaLibrary,
  requestTimeoutMs,
  tolerateLateErrors,
  withKafkaDeadline,
} from './client.ts'

/** After this long without a heartbeat the group removes the member; until then a killed process keeps its partitions. */
const sessionTimeoutMs = 10_000
const rebalanceTimeoutMs = 30_000
const heartbeatMs = 1000
const joinAttemptsMax = 10
const joinBackoff: Backoff = { firstMs: 150, maxMs: 150 }
const noLongerOurs = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'] as const
const coordinatorIsComing = ['COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS'] as const
const rejoin = [...noLongerOurs, ...coordinatorIsComing, 'MEMBER_ID_REQUIRED'] as const

export type MemberEvents = {
  /** A rebalance is starting: finish and commit what is in progress; the assignment is revoked when this resolves. */
  beforeRejoin(): Promise<void>
  /** The rebalance is over: these partitions are assigned to this member until the next `beforeRejoin`. */
  onAssigned(partitions: readonly number[]): void
  /** The membership has failed. */
  onBroken(error: unknown): void
}

/**
 * A member of a consumer group: joining, heartbeats, offsets, leaving.
 *
 * Its id outlives the client (a static member, KIP-345). So the client that follows a broken one replaces it at once; a dynamic member
 * would wait for the session timeout of its predecessor.
 */
export class GroupMember {
  #client: Consumer<Buffer, Buffer, Buffer, Buffer>
  #topic: string
  #events: MemberEvents
  #isLeaving = false

  constructor(
    library: KafkaLibrary,
    options: KafkaCluster & { clientId: string; groupId: string; topic: string; instanceId: string },
    events: MemberEvents,
  ) {
    this.#topic = options.topic
    this.#events = events
    this.#client = new library.Consumer({
      ...clientOptions(options, options.clientId),
      // The broker holds the request to join until all members have joined, so its response may take that long.
      requestTimeout: rebalanceTimeoutMs + requestTimeoutMs,
      groupId: options.groupId,
      groupInstanceId: options.instanceId,
      autocommit: false,
    })
    this.#client.topics.track(options.topic)
    tolerateLateErrors(this.#client)
    this.#client.on('error', error => this.#onFailedRejoin(error))
    this.#client.on('consumer:heartbeat:stalled', () =>
      events.onBroken(new Error('the group did not answer heartbeats')),
    )
    this.#client.on('consumer:group:join', () => {
      const assigned = this.#client.assignments?.find(({ topic }) => topic === this.#topic)
      if (!this.#isLeaving) events.onAssigned(assigned?.partitions ?? [])
    })
  }

  /** Joins the group; resolves after the rebalance. Later assignments come by `onAssigned` alone. */
  async join(): Promise<void> {
    const options: GroupOptions = {
      sessionTimeout: sessionTimeoutMs,
      rebalanceTimeout: rebalanceTimeoutMs,
      heartbeatInterval: heartbeatMs,
      heartbeatStallTimeout: sessionTimeoutMs,
      // The library awaits this before every request to join: the only place to finish work in.
      protocolsMetadata: () => this.#events.beforeRejoin().then(() => Buffer.alloc(0)),
    }
    for (let attempt = 1; ; attempt += 1) {
      try {
        await withKafkaDeadline(
          rebalanceTimeoutMs + 2 * requestTimeoutMs,
          'joining the group',
          this.#client.joinGroup(options),
        )
        return
      } catch (error) {
        // Another member joined at the same moment and the rebalance restarts, or the broker is starting.
        if (attempt >= joinAttemptsMax || this.#isLeaving || !hasProtocolError(error, ...rejoin)) throw error
        await sleep(backoffMs(joinBackoff, attempt, Math.random()))
      }
    }
  }

  /** Returns the committed offset of each of these partitions that has one. */
  async committed(partitions: readonly number[]): Promise<Offsets> {
    const asked = this.#client.listCommittedOffsets({ topics: [{ topic: this.#topic, partitions: [...partitions] }] })
    const offsets = (await withKafkaDeadline(requestTimeoutMs, 'the committed offsets', asked)).get(this.#topic) ?? []
    const committed = new Map<number, bigint>()
    for (const [partition, offset] of offsets.entries())
      if (offset !== undefined && offset >= 0n) committed.set(partition, offset)
    return committed
  }

  /** @returns false when a rebalance has revoked the partitions and the commit was refused: their new owner reads again */
  async commit(offsets: Offsets, deadlineMs = requestTimeoutMs): Promise<boolean> {
    const list = [...offsets].map(([partition, offset]) => ({ topic: this.#topic, partition, offset, leaderEpoch: -1 }))
    try {
      await withKafkaDeadline(deadlineMs, 'the commit', this.#client.commit({ offsets: list }))
      return true
    } catch (error) {
      if (hasProtocolError(error, ...noLongerOurs)) return false
      throw error
    }
  }

  /** Leaves the group, so that the others get its partitions at once. */
  async leave(deadlineMs: number): Promise<void> {
    this.#isLeaving = true
    await withKafkaDeadline(deadlineMs, 'leaving the group', Promise.resolve(this.#client.leaveGroup(true)))
  }

  dispose(): Promise<void> {
    this.#isLeaving = true
    return dispose(this.#client, () => this.#client.close(true))
  }

  #onFailedRejoin(error: unknown): void {
    if (this.#isLeaving) return
    if (!hasProtocolError(error, ...rejoin)) this.#events.onBroken(error)
    else this.join().catch(failure => this.#events.onBroken(failure))
  }
}
