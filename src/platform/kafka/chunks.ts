import { type Checksum, type Origin, type OutgoingMessage, RecordBatch } from './record-batch.ts'

/**
 * The broker counts a whole record batch against `message.max.bytes` (1 MiB unless set), and a request holds one batch
 * per partition; so this many bytes go to a partition at once. Two requests are never under way: a broker may store
 * them in another order.
 */
const partitionBytesMax = 900_000
const requestBytesMax = 8_000_000

/** What goes to one partition of a topic: a record batch. */
export type PartitionRecords = { partition: number; records: Buffer }

/** The messages of one request, as one batch for each partition. Its buffers are used again for the next request. */
export class Chunk {
  readonly #batches: RecordBatch[] = []

  /**
   * Fills it anew with as many messages as the broker takes at once, in their order: a message that is too large alone is taken
   * alone, for the broker to judge.
   *
   * @param from the index of the first message; `to`: the one behind the last that may be taken
   * @param partitionOf chooses the partition of a message by its key
   * @returns the index behind the last that was taken
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
   * @param originOf what the batch of a partition is marked with, by its number of messages
   * @returns what there is for each partition, in the form in which it is sent, until the next call of `fill`
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

  /** Those that it holds messages for. */
  partitions(): number[] {
    return this.#batches.flatMap((batch, partition) => (batch.count === 0 ? [] : [partition]))
  }

  #batchOf(partition: number): RecordBatch {
    while (this.#batches.length <= partition) this.#batches.push(new RecordBatch())
    return this.#batches[partition] as RecordBatch
  }
}
