import type { fetchV17 } from '@platformatic/kafka'

/** What a fetch brought of one partition, as the library decodes it. */
export type FetchedPartition = fetchV17.FetchResponsePartition
export type FetchedBatch = NonNullable<FetchedPartition['records']>[number]

/** Bits of a batch's attributes (Kafka's documentation, "Record Batch"). */
const logAppendTimeBit = 1 << 3
const transactionalBit = 1 << 4
const controlBit = 1 << 5

/** Where the type of a marker is in its key, behind a version; and the type that says that the transaction was aborted. */
const markerTypeAt = 2
const abortMarker = 0

/**
 * The batches of a fetch that hold messages of committed transactions, or of none. The broker returns no batch of a transaction
 * that is open (the last stable offset bounds what it returns), but those of aborted ones it does, with a list of them: a
 * transaction lasts from its first offset to its producer's next abort marker, or to the end of the fetch, and a producer
 * may have several. The client library keeps one of them a producer and ignores one that ends beyond the fetch, so it is
 * not used for this. The rules are those of the Java client (`CompletedFetch`).
 *
 * @param batches in the order of their offsets
 * @param aborted the partition's aborted transactions that overlap what was fetched
 */
export function committedBatches(
  batches: readonly FetchedBatch[],
  aborted: FetchedPartition['abortedTransactions'],
): FetchedBatch[] {
  const upcoming = (aborted ?? []).toSorted((one, other) => Number(one.firstOffset - other.firstOffset))
  const abortedProducers = new Set<bigint>()
  let begun = 0
  return batches.filter(batch => {
    const lastOffset = batch.firstOffset + BigInt(batch.lastOffsetDelta)
    for (let next = upcoming[begun]; next !== undefined && next.firstOffset <= lastOffset; next = upcoming[begun]) {
      abortedProducers.add(next.producerId)
      begun += 1
    }
    if (batch.attributes & controlBit) {
      if (isAbortMarker(batch)) abortedProducers.delete(batch.producerId)
      return false
    }
    return !(batch.attributes & transactionalBit && abortedProducers.has(batch.producerId))
  })
}

/** Compaction may leave a control batch without its marker. */
function isAbortMarker({ records }: FetchedBatch): boolean {
  const key = records[0]?.key
  return key != null && key.length >= markerTypeAt + 2 && key.readInt16BE(markerTypeAt) === abortMarker
}

/**
 * The time of a record, in milliseconds since 1970: its sender's, or where the topic says `LogAppendTime` that of the broker,
 * which is written once for the whole batch.
 */
export function timeOf(batch: FetchedBatch, timestampDelta: bigint): number {
  const isLogAppendTime = (batch.attributes & logAppendTimeBit) !== 0
  return isLogAppendTime ? Number(batch.maxTimestamp) : Number(batch.firstTimestamp) + Number(timestampDelta)
}
