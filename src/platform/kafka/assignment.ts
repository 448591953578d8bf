import { setTimeout as sleep } from 'node:timers/promises'
import { settledWithin } from '../deadline.ts'
import { Backlog, CommitOrder, type Offsets } from './backlog.ts'
import type { KafkaMessage } from './client.ts'
import type { GroupMember } from './member.ts'
import type { TopicReader } from './reader.ts'

/** How often offsets are committed: a commit costs the broker a write, and a crash repeats no more than this. */
const commitEveryMs = 100

export type AssignmentOptions = {
  reader: TopicReader
  member: GroupMember
  /** The leader of each partition, by index. */
  leaders: readonly number[]
  /** The offset to start from, by partition. */
  positions: Map<number, bigint>
  batchMessagesMax: number
  batchBytesMax: number
  backlogBytesMax: number
  /** Whether another batch may go into `handle`; batches of earlier assignments may still be there. */
  mayHandle(): boolean
  handle(messages: readonly KafkaMessage[]): Promise<void>
  onCommitted(offsets: Offsets): void
  onBroken(error: unknown): void
}

/** The partitions assigned to this member, until they are revoked: fetches, dispatches, commits. */
export class Assignment {
  #options: AssignmentOptions
  #backlog = new Backlog()
  #order = new CommitOrder()
  #inFlight = new Set<Promise<void>>()
  #fetching: Promise<unknown>
  #committing: Promise<void> | undefined
  #waitingForRoom: Array<() => void> = []
  #isOver = false

  constructor(options: AssignmentOptions) {
    this.#options = options
    const nodes = new Map<number, number[]>()
    for (const partition of options.positions.keys()) {
      const node = options.leaders[partition] ?? -1
      nodes.set(node, [...(nodes.get(node) ?? []), partition])
    }
    this.#fetching = Promise.all([...nodes].map(([node, partitions]) => this.#fetchFrom(node, partitions))).catch(
      error => this.#break(error),
    )
  }

  /** Dispatches what has arrived, as far as it may. Call it when a batch of an earlier assignment has left `handle`. */
  pump(): void {
    while (!this.#isOver && this.#options.mayHandle()) {
      const batch = this.#backlog.take(this.#options.batchMessagesMax, this.#options.batchBytesMax)
      if (batch === undefined) break
      const done = this.#order.begin(batch.offsets)
      if (batch.messages.length === 0) {
        done()
        this.#commitSoon()
        continue
      }
      this.#handle(batch.messages, done)
    }
    if (this.#backlog.bytes < this.#options.backlogBytesMax) this.#wakeFetches()
  }

  /** Commits what an earlier assignment could not. */
  catchUp(offsets: Offsets): void {
    if (offsets.size === 0) return
    this.#order.begin(offsets)()
    this.#commitSoon()
  }

  /** Dispatches nothing more, and drops what was not dispatched. */
  close(): void {
    this.#isOver = true
    this.#backlog.clear()
    this.#wakeFetches()
  }

  /** Waits until none of its batches is in `handle`, at most `deadlineMs` milliseconds. */
  async settle(deadlineMs: number): Promise<void> {
    await settledWithin(Promise.all([this.#fetching, ...this.#inFlight]), deadlineMs)
  }

  /** Commits what is durable, once it has settled. If that is refused or fails, it is read again. */
  async commitLast(deadlineMs: number): Promise<void> {
    await this.#committing
    const offsets = this.#order.take()
    if (!offsets) return
    // Until it is known that they were committed.
    this.#order.putBack(offsets)
    if (!(await this.#options.member.commit(offsets, deadlineMs))) return
    this.#order.take()
    this.#options.onCommitted(offsets)
  }

  /** What is durable and could not be committed; called after `commitLast`. */
  uncommitted(): Offsets {
    return this.#order.take() ?? new Map()
  }

  #handle(messages: readonly KafkaMessage[], done: () => void): void {
    const work = this.#options.handle(messages).then(
      () => {
        done()
        this.#commitSoon()
      },
      error => this.#break(error),
    )
    this.#inFlight.add(work)
    work.finally(() => this.#inFlight.delete(work))
  }

  async #fetchFrom(node: number, partitions: readonly number[]): Promise<void> {
    const { reader, positions, backlogBytesMax } = this.#options
    let order = [...partitions]
    while (!this.#isOver) {
      if (this.#backlog.bytes >= backlogBytesMax) {
        await new Promise<void>(resolve => this.#waitingForRoom.push(resolve))
        continue
      }
      const wanted = new Map(order.map(partition => [partition, positions.get(partition) ?? 0n]))
      const segments = await reader.fetch(node, wanted)
      for (const segment of segments) {
        positions.set(segment.partition, segment.endOffset)
        if (!this.#isOver) this.#backlog.add(segment)
      }
      order = inTurn(order, segments)
      this.pump()
    }
  }

  #wakeFetches(): void {
    for (const wake of this.#waitingForRoom.splice(0)) wake()
  }

  #commitSoon(): void {
    if (this.#isOver || this.#committing) return
    this.#committing = this.#commitUntilNothingIsLeft()
      .catch(error => this.#break(error))
      .finally(() => {
        this.#committing = undefined
      })
  }

  async #commitUntilNothingIsLeft(): Promise<void> {
    for (let offsets = this.#order.take(); offsets; offsets = this.#order.take()) {
      // A rebalance may be starting: then the last commit before it gets another chance.
      const isCommitted = await this.#options.member.commit(offsets).catch(error => {
        this.#order.putBack(offsets)
        throw error
      })
      if (!isCommitted) return this.#order.putBack(offsets)
      this.#options.onCommitted(offsets)
      if (this.#isOver) return
      await sleep(commitEveryMs)
      if (this.#isOver) return
    }
  }

  #break(error: unknown): void {
    if (!this.#isOver) this.#options.onBroken(error)
  }
}

/**
 * Returns the order in which to ask for partitions next. The broker fills its response from the first on, and has no room for the last
 * ones while there is much to read; so those that returned something go to the end.
 */
export function inTurn(partitions: readonly number[], brought: readonly { partition: number }[]): number[] {
  const served = new Set(brought.map(({ partition }) => partition))
  return [...partitions.filter(partition => !served.has(partition)), ...served]
}
