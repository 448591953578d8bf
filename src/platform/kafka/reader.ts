import type { Consumer } from '@platformatic/kafka'
import type { Bounds, Offsets, Segment } from './backlog.ts'
import {
  clientOptions,
  dispose,
  type KafkaCluster,
  type KafkaLibrary,
  type KafkaMessage,
  requestTimeoutMs,
  tolerateLateErrors,
  withKafkaDeadline,
} from './client.ts'
import { Fetching } from './fetching.ts'
import { committedBatches, type FetchedPartition, timeOf } from './isolation.ts'

const fetchWaitMs = 500
/** What is fetched is made messages in one turn of the event loop, and is held until the last of them is done with. */
const fetchBytesMax = 4 * 1024 * 1024
const partitionBytesMax = 1024 * 1024

/**
 * Reads one topic with plain fetch requests, on connections of its own so that a waiting fetch does not delay heartbeats. The library's
 * stream is not used: it costs an event per message, and was seen to fall silent.
 */
export class TopicReader {
  #library: KafkaLibrary
  #client: Consumer<Buffer, Buffer, Buffer, Buffer>
  #topic: string
  #fetching: Fetching
  /**
   * The newest known end of each partition. What an open transaction wrote, and what waits behind it, counts: a transaction that
   * is left open holds up its readers, and only this end shows it.
   */
  readonly highWatermarks = new Map<number, bigint>()
  /** When the broker last answered, by the monotonic clock, in milliseconds. */
  answeredAt = performance.now()

  /** @param options partitionBytesMax: how much one fetch brings of a partition, in bytes (1 MiB); a batch is brought whole */
  constructor(
    library: KafkaLibrary,
    options: KafkaCluster & { clientId: string; groupId: string; topic: string; partitionBytesMax?: number },
  ) {
    this.#library = library
    this.#topic = options.topic
    this.#client = new library.Consumer({
      ...clientOptions(options, options.clientId),
      groupId: options.groupId,
      isolationLevel: library.FetchIsolationLevels.READ_UNCOMMITTED,
    })
    this.#fetching = new Fetching(library, this.#client, options.topic, {
      waitMs: fetchWaitMs,
      bytesMax: fetchBytesMax,
      partitionBytesMax: options.partitionBytesMax ?? partitionBytesMax,
    })
    this.#client.on('error', () => {})
    this.#client.topics.track(options.topic)
    tolerateLateErrors(this.#client)
  }

  /**
   * @param fresh whether to ask now; otherwise metadata of the last seconds will do
   * @returns the leader of each partition, by index; rejects where the topic does not exist
   */
  async leaders(fresh: boolean): Promise<number[]> {
    const metadata = await this.#metadata(fresh)
    if (fresh) this.answeredAt = performance.now()
    return metadata.partitions.map(({ leader }) => leader)
  }

  /** Returns the id of the topic; rejects where it does not exist. */
  async topicId(): Promise<string> {
    return (await this.#metadata(true)).id
  }

  /** Returns the first and last offsets of the partitions. */
  async bounds(): Promise<Bounds> {
    const { EARLIEST } = this.#library.ListOffsetTimestamps
    const [earliest, latest] = await Promise.all([this.#listOffsets(EARLIEST), this.latest()])
    return { earliest, latest }
  }

  /** Reads the ends of the partitions, and notes them. */
  async latest(): Promise<Offsets> {
    const latest = await this.#listOffsets(this.#library.ListOffsetTimestamps.LATEST)
    for (const [partition, offset] of latest) this.highWatermarks.set(partition, offset)
    return latest
  }

  /**
   * Waits up to half a second for messages of partitions that one node leads.
   *
   * @param positions the next offset of each; the broker is asked for what follows
   * @returns what came, in the order of handing out
   */
  async fetch(node: number, positions: Offsets): Promise<Segment[]> {
    const { id: topicId } = await this.#metadata(false)
    const request = this.#fetching.fetch(node, topicId, positions)
    const fetched = await withKafkaDeadline(fetchWaitMs + requestTimeoutMs, 'a fetch', request)
    this.answeredAt = performance.now()
    return this.#segments(fetched, positions)
  }

  dispose(): Promise<void> {
    return dispose(this.#client, () => this.#client.close(true))
  }

  async #metadata(forceUpdate: boolean) {
    const asked = this.#client.metadata({ topics: [this.#topic], forceUpdate })
    const topic = (await withKafkaDeadline(requestTimeoutMs, 'the metadata of the topic', asked)).topics.get(
      this.#topic,
    )
    if (!topic) throw new Error(`the topic ${this.#topic} is not there`)
    return topic
  }

  async #listOffsets(timestamp: bigint): Promise<Offsets> {
    const asked = this.#client.listOffsets({ topics: [this.#topic], timestamp })
    const offsets = await withKafkaDeadline(requestTimeoutMs, 'the offsets of the topic', asked)
    this.answeredAt = performance.now()
    return new Map((offsets.get(this.#topic) ?? []).map((offset, partition) => [partition, offset]))
  }

  #segments(fetched: readonly FetchedPartition[], positions: Offsets): Segment[] {
    const segments: Segment[] = []
    for (const partition of fetched) {
      const position = positions.get(partition.partitionIndex)
      if (position === undefined) continue
      this.highWatermarks.set(partition.partitionIndex, partition.highWatermark)
      const segment = toSegment(this.#topic, partition, position)
      if (segment.endOffset > position) segments.push(segment)
    }
    return segments
  }
}

/**
 * A batch is returned whole, even when the position is in its middle; what lies before the position is left out. Offsets go on
 * behind batches of which there is nothing to read: markers, aborted transactions, what compaction has emptied.
 */
function toSegment(topic: string, fetched: FetchedPartition, position: bigint): Segment {
  const { partitionIndex: partition, records, abortedTransactions } = fetched
  const batches = records ?? []
  const last = batches.at(-1)
  const endOffset = last === undefined ? position : last.firstOffset + BigInt(last.lastOffsetDelta) + 1n
  const messages: KafkaMessage[] = []
  for (const batch of committedBatches(batches, abortedTransactions)) {
    for (const { offsetDelta, timestampDelta, key, value, headers } of batch.records) {
      const offset = batch.firstOffset + BigInt(offsetDelta)
      if (offset < position) continue
      const timestampMs = timeOf(batch, timestampDelta)
      messages.push({ topic, partition, offset, key, value, headers: toHeaders(headers), timestampMs })
    }
  }
  return { partition, messages, endOffset }
}

const noHeaders: KafkaMessage['headers'] = []
const noName = Buffer.alloc(0)

function toHeaders(headers: ReadonlyArray<[Buffer | null, Buffer | null]>): KafkaMessage['headers'] {
  return headers.length === 0 ? noHeaders : headers.map(([name, value]) => [name ?? noName, value])
}
