import type { fetchV17 } from '@platformatic/kafka'

/** What a fetch returned of one partition, as the library decodes it. */
export type FetchedPartition = fetchV17.FetchResponsePartition
export type FetchedBatch = NonNullable<FetchedPartition['records']>[number]

/** Bits of a batch's attributes (Kafka's documentation, "Record Batch"). */
const logAppendTimeBit = 1 << 3
const transactionalBit = 1 << 4
const controlBit = 1 << 5

/** The position of the type in a marker's key, after a version; and the type of an abort. */
const markerTypeAt = 2
const abortMarker = 0

/**
 * Returns the batches of a fetch whose messages belong to committed transactions, or to none. The broker returns no batch of an open
 * transaction (the last stable offset is the bound), but those of aborted ones it does, with a list of them: a
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
 * Returns the time of a record, in milliseconds since 1970: its sender's, or for topics with `LogAppendTime` the broker's, which is
 * written once for the whole batch.
 */
export function timeOf(batch: FetchedBatch, timestampDelta: bigint): number {
  const isLogAppendTime = (batch.attributes & logAppendTimeBit) !== 0
  return isLogAppendTime ? Number(batch.maxTimestamp) : Number(batch.firstTimestamp) + Number(timestampDelta)
}
