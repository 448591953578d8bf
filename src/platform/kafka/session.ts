import type { Logger } from '../log.ts'
import { reasonOf } from '../reason.ts'
import { Assignment } from './assignment.ts'
import { type Offsets, resumed, startingPositions } from './backlog.ts'
import { isUnknownTopic, type KafkaCluster, type KafkaLibrary, type KafkaMessage } from './client.ts'
import { GroupMember } from './member.ts'
import { TopicReader } from './reader.ts'

const probeEveryMs = 1000
/** Shorter than the session timeout: a member sends no heartbeat while it finishes work. */
const drainMs = 4000
const farewellMs = 2000

export type SessionOptions = KafkaCluster & {
  groupId: string
  topic: string
  clientId: string
  instanceId: string
  /** What the previous session leaves behind; undefined for the first. */
  legacy: Legacy | undefined
  batchMessagesMax: number
  batchBytesMax: number
  batchesInFlightMax: number
  backlogBytesMax: number
  stopDeadlineMs: number
  handle(messages: readonly KafkaMessage[]): Promise<void>
  onConsuming(partitions: readonly number[]): void
  /** Called at once, while the end may wait for batches in `handle`. */
  onBroken(error: unknown): void
  onLag(lag: ReadonlyMap<number, number>): void
  log: Logger
}

/** What a session knows and the group does not. */
export type Legacy = {
  /** The id of the topic: another topic of the same name has another one. */
  topicId: string | undefined
  /**
   * By partition: the offset up to which everything is durable, and the one that the group had committed. A commit that was refused,
   * since handling had taken longer than the group waits, leaves such a gap; handling it again would take as long again.
   */
  uncommitted: Map<number, { committed: bigint | undefined; durable: bigint }>
}

/** The number of partitions changed: a rebalance is needed, which a returning static member does not cause. */
export class PartitionsChangedError extends Error {}

/** One membership in the group with its connections, from joining to the first error; then it is thrown away. */
export class Session {
  #options: SessionOptions
  #reader: TopicReader
  #member: GroupMember
  #assignment: Assignment | undefined
  #assignmentNumber = 0
  #inFlight = 0
  #partitionCount = 0
  #committed = new Map<number, bigint>()
  #broken = Promise.withResolvers<never>()
  #onIdle = () => {}
  #isProbing = false
  readonly legacy: Legacy
  /** What the group has committed, as far as this session knows. */
  #groupOffsets = new Map<number, bigint>()
  /** Whether anything was committed: a later failure is a new one. */
  madeProgress = false

  constructor(library: KafkaLibrary, options: SessionOptions) {
    this.#options = options
    this.legacy = { topicId: options.legacy?.topicId, uncommitted: new Map(options.legacy?.uncommitted) }
    this.#reader = new TopicReader(library, options)
    this.#broken.promise.catch(() => {})
    this.#member = new GroupMember(library, options, {
      beforeRejoin: () => this.#endAssignment(drainMs),
      onAssigned: partitions => void this.#beginAssignment(partitions).catch(this.#broken.reject),
      onBroken: this.#broken.reject,
    })
  }

  /** Consumes until `stop`, then leaves the group; rejects with what broke it before that. */
  async run(stop: AbortSignal): Promise<void> {
    const stopped = new Promise<void>(resolve => stop.addEventListener('abort', () => resolve(), { once: true }))
    if (stop.aborted) return this.#dispose()
    const probe = setInterval(() => void this.#probe(), probeEveryMs)
    try {
      await Promise.race([this.#begin(), this.#broken.promise, stopped])
      await Promise.race([this.#broken.promise, stopped])
      await this.#endAssignment(this.#options.stopDeadlineMs)
      await this.#member.leave(farewellMs).catch(error => {
        this.#options.log.warn(
          { reason: reasonOf(error) },
          'could not leave the consumer group; its members notice after the session timeout',
        )
      })
    } catch (error) {
      await this.#endBroken(error, stopped)
      throw error
    } finally {
      clearInterval(probe)
      await this.#dispose()
    }
  }

  async #begin(): Promise<void> {
    this.#partitionCount = (await this.#reader.leaders(true)).length
    await this.#member.join()
  }

  async #beginAssignment(partitions: readonly number[]): Promise<void> {
    this.#assignmentNumber += 1
    const number = this.#assignmentNumber
    const committed = await this.#committedOf(partitions)
    const [leaders, bounds] = await Promise.all([this.#reader.leaders(true), this.#reader.bounds()])
    if (number !== this.#assignmentNumber) return
    const { positions, lost } = startingPositions(partitions, committed, bounds)
    if (positions.size < partitions.length) throw new PartitionsChangedError('the topic has lost partitions')
    if (lost.length > 0) {
      this.#options.log.warn({ partitions: lost }, 'committed offsets are out of range; starting at the oldest message')
    }
    this.#committed = new Map(positions)
    this.#assignment = new Assignment({
      ...this.#options,
      reader: this.#reader,
      member: this.#member,
      leaders,
      positions,
      mayHandle: () => this.#inFlight < this.#options.batchesInFlightMax,
      handle: messages => this.#handle(messages),
      onCommitted: offsets => this.#noteCommitted(offsets),
      onBroken: this.#broken.reject,
    })
    const isAhead = ([partition, offset]: [number, bigint]) =>
      committed.get(partition) === offset && this.#groupOffsets.get(partition) !== offset
    this.#assignment.catchUp(new Map([...positions].filter(isAhead)))
    this.#options.onConsuming(partitions)
    this.#reportLag()
  }

  /**
   * Returns the committed offsets. A topic that was deleted and created again is read from its start: an offset of the old one that
   * was committed late would skip messages of the new one.
   */
  async #committedOf(partitions: readonly number[]): Promise<Offsets> {
    const topicId = await this.#reader.topicId()
    const { legacy } = this
    const isAnother = topicId !== (legacy.topicId ?? topicId)
    legacy.topicId = topicId
    if (isAnother) {
      this.#options.log.warn('the topic was recreated; starting at its oldest message')
      legacy.uncommitted.clear()
    }
    const committed = isAnother || partitions.length === 0 ? new Map() : await this.#member.committed(partitions)
    this.#groupOffsets = new Map(committed)
    return resumed(partitions, committed, legacy.uncommitted)
  }

  async #handle(messages: readonly KafkaMessage[]): Promise<void> {
    this.#inFlight += 1
    try {
      await this.#options.handle(messages)
    } finally {
      this.#inFlight -= 1
      if (this.#inFlight === 0) this.#onIdle()
      // A microtask later the batch counts as done, so its offsets are noted before those of the next one.
      queueMicrotask(() => this.#assignment?.pump())
    }
  }

  async #endAssignment(deadlineMs: number, isTopicGone = false): Promise<void> {
    this.#assignmentNumber += 1
    const assignment = this.#assignment
    this.#assignment = undefined
    if (!assignment) return
    assignment.close()
    await assignment.settle(deadlineMs)
    if (isTopicGone) return
    await assignment.commitLast(farewellMs).catch(error => {
      this.#options.log.warn({ reason: reasonOf(error) }, 'the last commit failed')
    })
    for (const [partition, durable] of assignment.uncommitted()) {
      this.legacy.uncommitted.set(partition, { committed: this.#groupOffsets.get(partition), durable })
    }
  }

  /** The next session begins only when nothing of this one is in `handle`: two would work on the same messages. */
  async #endBroken(error: unknown, stopped: Promise<void>): Promise<void> {
    this.#assignment?.close()
    this.#options.onBroken(error)
    await this.#reader.dispose()
    const idle = new Promise<void>(resolve => {
      this.#onIdle = resolve
      if (this.#inFlight === 0) resolve()
    })
    await Promise.race([idle, stopped])
    const isTopicGone = isUnknownTopic(error)
    await this.#endAssignment(this.#options.stopDeadlineMs, isTopicGone)
    // The next session joins as another member, which causes a rebalance; this one would stay as a ghost.
    if (isTopicGone || error instanceof PartitionsChangedError) await this.#member.leave(farewellMs).catch(() => {})
  }

  async #dispose(): Promise<void> {
    await Promise.all([this.#reader.dispose(), this.#member.dispose()])
  }

  #noteCommitted(offsets: Offsets): void {
    this.madeProgress = true
    for (const [partition, offset] of offsets) {
      this.#committed.set(partition, offset)
      this.#groupOffsets.set(partition, offset)
      this.legacy.uncommitted.delete(partition)
    }
  }

  #reportLag(): void {
    const lag = new Map<number, number>()
    for (const [partition, committed] of this.#committed) {
      const end = this.#reader.highWatermarks.get(partition) ?? committed
      lag.set(partition, Math.max(0, Number(end - committed)))
    }
    this.#options.onLag(lag)
  }

  /** Runs every second: reports the lag, and checks the broker where no fetch has shown that it answers. */
  async #probe(): Promise<void> {
    if (this.#isProbing) return
    this.#isProbing = true
    try {
      if (performance.now() - this.#reader.answeredAt > probeEveryMs) await this.#reader.latest()
      const { length } = await this.#reader.leaders(false)
      if (this.#partitionCount > 0 && length !== this.#partitionCount) {
        throw new PartitionsChangedError(`the topic has ${length} partitions now, it had ${this.#partitionCount}`)
      }
      if (this.#assignment) this.#reportLag()
    } catch (error) {
      this.#broken.reject(error)
    } finally {
      this.#isProbing = false
    }
  }
}
