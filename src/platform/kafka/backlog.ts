import type { KafkaMessage } from './client.ts'

/** Offsets by partition: those of the next messages to read. */
export type Offsets = ReadonlyMap<number, bigint>

/** The bounds of each partition: the oldest offset that is kept, and the one that the next message will get. */
export type Bounds = { earliest: Offsets; latest: Offsets }

/**
 * Returns where to start reading. A new group starts at the oldest message; so does one whose offset is gone, because the
 * broker deleted or lost what it points to.
 *
 * @returns positions: by partition, without those that the topic does not have; lost: the partitions whose committed
 *   offset is out of range
 */
export function startingPositions(
  partitions: readonly number[],
  committed: Offsets,
  { earliest, latest }: Bounds,
): { positions: Map<number, bigint>; lost: number[] } {
  const positions = new Map<number, bigint>()
  const lost: number[] = []
  for (const partition of partitions) {
    const first = earliest.get(partition)
    const end = latest.get(partition)
    if (first === undefined || end === undefined) continue
    const offset = committed.get(partition)
    const isThere = offset !== undefined && offset >= first && offset <= end
    positions.set(partition, isThere ? offset : first)
    if (offset !== undefined && !isThere) lost.push(partition)
  }
  return { positions, lost }
}

/**
 * Returns the committed offsets, or those up to which this process knows everything to be durable, which need not be read again. Only
 * where the group's offset has not moved since: another member may be further on, or an operator may have reset it.
 */
export function resumed(
  partitions: readonly number[],
  committed: Offsets,
  uncommitted: ReadonlyMap<number, { committed: bigint | undefined; durable: bigint }>,
): Map<number, bigint> {
  const offsets = new Map(committed)
  for (const partition of partitions) {
    const known = uncommitted.get(partition)
    if (known !== undefined && known.committed === committed.get(partition)) offsets.set(partition, known.durable)
  }
  return offsets
}

/** What one fetch returned of one partition. `endOffset` may lie beyond the last message: some records are not for readers. */
export type Segment = { partition: number; messages: readonly KafkaMessage[]; endOffset: bigint }

/** Messages to handle together, and the offset of each partition once they are durable. */
export type Batch = { messages: readonly KafkaMessage[]; offsets: Offsets }

/** Messages that have arrived and were not dispatched yet, in the order of their arrival. */
export class Backlog {
  #segments: Segment[] = []
  #taken = 0
  #bytes = 0

  /** The size of what waits, in bytes of keys and values. */
  get bytes(): number {
    return this.#bytes
  }

  add(segment: Segment): void {
    for (const message of segment.messages) this.#bytes += sizeOf(message)
    this.#segments.push(segment)
  }

  /**
   * Takes what has arrived, oldest first, up to the limits; the first message is taken whatever its size.
   *
   * @returns nothing when nothing has arrived; a batch without messages where only offsets moved on
   */
  take(messagesMax: number, bytesMax: number): Batch | undefined {
    const messages: KafkaMessage[] = []
    const offsets = new Map<number, bigint>()
    let bytes = 0
    let done = 0
    for (const segment of this.#segments) {
      while (this.#taken < segment.messages.length) {
        const message = segment.messages[this.#taken]
        if (message === undefined) break
        const size = sizeOf(message)
        if (messages.length > 0 && (messages.length >= messagesMax || bytes + size > bytesMax)) break
        messages.push(message)
        bytes += size
        offsets.set(segment.partition, message.offset + 1n)
        this.#taken += 1
      }
      if (this.#taken < segment.messages.length) break
      offsets.set(segment.partition, segment.endOffset)
      this.#taken = 0
      done += 1
    }
    this.#segments.splice(0, done)
    this.#bytes -= bytes
    return offsets.size > 0 ? { messages, offsets } : undefined
  }

  clear(): void {
    this.#segments = []
    this.#taken = 0
    this.#bytes = 0
  }
}

function sizeOf({ key, value }: KafkaMessage): number {
  return (key?.length ?? 0) + (value?.length ?? 0)
}

/** Turns batches that finish in any order into offsets that may be committed: never ahead of one that is unfinished. */
export class CommitOrder {
  #batches: Array<{ offsets: Offsets; isDone: boolean }> = []
  #durable = new Map<number, bigint>()

  /** Notes a batch, in the order of handing out. @returns a function to call when the batch is durable */
  begin(offsets: Offsets): () => void {
    const batch = { offsets, isDone: false }
    this.#batches.push(batch)
    return () => {
      batch.isDone = true
      this.#advance()
    }
  }

  /** Takes the newest durable offsets that were not taken yet; undefined when there are none. */
  take(): Offsets | undefined {
    if (this.#durable.size === 0) return undefined
    const durable = this.#durable
    this.#durable = new Map()
    return durable
  }

  /** Puts back offsets that could not be committed; newer ones win. */
  putBack(offsets: Offsets): void {
    this.#durable = new Map([...offsets, ...this.#durable])
  }

  #advance(): void {
    let finished = 0
    for (const batch of this.#batches) {
      if (!batch.isDone) break
      for (const [partition, offset] of batch.offsets) this.#durable.set(partition, offset)
      finished += 1
    }
    this.#batches.splice(0, finished)
  }
}
