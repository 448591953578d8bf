import { type Checksum, type Origin, type OutgoingMessage, RecordBatch } from './record-batch.ts'

/**
 * The broker counts a whole record batch against `message.max.bytes` (1 MiB unless set), and a request holds one batch
 * per partition; so this many bytes go to a partition at once. Two requests are never under way: a broker may store
 * them in another order.
 */
const partitionBytesMax = 900_000
const requestBytesMax = 8_000_000

/** A record batch for one partition of a topic. */
export type PartitionRecords = { partition: number; records: Buffer }

/** The messages of one request, as one batch for each partition. Its buffers are reused for the next request. */
export class Chunk {
  readonly #batches: RecordBatch[] = []

  /**
   * Refills it with as many messages as the broker accepts in one request, in order. A message that is too large by itself goes
   * alone, for the broker to judge.
   *
   * @param from the index of the first message; `to`: the one after the last that may be taken
   * @param partitionOf chooses the partition of a message by its key
   * @returns the index after the last that was taken
   */
  fill(
    messages: readonly OutgoingMessage[],
    from: number,
    to: number,
    partitionOf: (key: string | Buffer | null) => number,
  ): number {
    for (const batch of this.#batches) batch.clear()
    let bytes = 0
    for (let index = from; index < to; index++) {
      const message = messages[index] as OutgoingMessage
      const batch = this.#batchOf(partitionOf(message.key))
      const sizeBefore = batch.size
      batch.append(message)
      bytes += batch.size - sizeBefore
      if (index > from && (batch.size > partitionBytesMax || bytes > requestBytesMax)) {
        batch.takeBack()
        return index
      }
    }
    return to
  }

  /**
   * @param originOf the origin of a partition's batch, by its number of messages
   * @returns the encoded batch of each partition, valid until the next call of `fill`
   */
  finish(
    nowMs: number,
    checksum: Checksum,
    originOf: (partition: number, count: number) => Origin | undefined = () => undefined,
  ): PartitionRecords[] {
    return this.#batches.flatMap((batch, partition) =>
      batch.count === 0
        ? []
        : [{ partition, records: batch.finish(nowMs, checksum, originOf(partition, batch.count)) }],
    )
  }

  /** The partitions that it holds messages for. */
  partitions(): number[] {
    return this.#batches.flatMap((batch, partition) => (batch.count === 0 ? [] : [partition]))
  }

  #batchOf(partition: number): RecordBatch {
    while (this.#batches.length <= partition) this.#batches.push(new RecordBatch())
    return this.#batches[partition] as RecordBatch
  }
}
