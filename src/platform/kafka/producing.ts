import type { Base, ClusterMetadata, ConnectionPool, Writer } from '@platformatic/kafka'
import { Chunk, type PartitionRecords } from './chunks.ts'
import { clientOptions, type KafkaCluster, type KafkaLibrary, newestForm, requestTimeoutMs } from './client.ts'
import { type Epoch, type Fence, nextEpoch } from './fencing.ts'

type Broker = Parameters<ConnectionPool['get']>[0]
type Connection = Awaited<ReturnType<ConnectionPool['get']>>
type ProduceApi = { async(connection: Connection, ...request: Request): Promise<unknown> }
type Request = [topic: string, batches: readonly PartitionRecords[]]

/** From this version on requests have compact lengths and tagged fields (KIP-482). */
const firstFlexibleVersion = 9

/**
 * A client that sends encoded record batches. Connections, requests and responses are the library's; only its encoding of records is
 * bypassed. It owns the buffers: an abandoned request never shares them with the next client.
 */
export class ProducingClient {
  readonly client: Base
  readonly chunk = new Chunk()
  readonly #library: KafkaLibrary
  readonly #fence: Fence | undefined
  #epoch: Epoch | undefined
  #api: ProduceApi | undefined

  /** @param fence lets only the latest of those that publish under one name send; undefined: everybody may */
  constructor(library: KafkaLibrary, cluster: KafkaCluster, clientId: string, fence: Fence | undefined) {
    this.#library = library
    this.#fence = fence
    this.client = new library.Base(clientOptions(cluster, clientId))
  }

  /** Returns the number of partitions of a topic. @throws Error when it does not exist */
  async partitionsOf(topic: string): Promise<number> {
    const count = (await this.#metadataOf(topic)).topics.get(topic)?.partitionsCount
    if (!count) throw new Error(`the topic ${topic} is not there`)
    return count
  }

  /**
   * Sends what the chunk holds, and resolves when every in-sync replica has all of it.
   *
   * @param beforeSending called right before the requests are sent; what it throws is thrown, and nothing is sent
   * @throws what the library throws; an AggregateError when several brokers failed
   */
  async sendChunk(topic: string, beforeSending: () => void): Promise<void> {
    const library = this.#library
    const api = await this.#produceApi()
    if (this.#fence && !this.#epoch) this.#epoch = await nextEpoch(library, this.client, this.#fence)
    const epoch = this.#epoch
    const { topics, brokers } = await this.#metadataOf(topic)
    const partitions = topics.get(topic)?.partitions
    const leaders = new Set(this.chunk.partitions().map(partition => partitions?.[partition]?.leader))
    const connections = new Map(
      await Promise.all(
        // Given an unknown broker, the library throws a clear error.
        [...leaders].map(async id => [id, await this.client.connections.get(brokers.get(id ?? -1) as Broker)] as const),
      ),
    )
    beforeSending()
    // The library would copy plain bytes before it computes their checksum.
    const checksum = (bytes: Buffer) => library.crc32c(library.Writer.create().append(bytes).dynamicBuffer)
    const originOf = (partition: number, count: number) => epoch?.next(topic, partition, count)
    const batches = this.chunk.finish(Date.now(), checksum, originOf)
    const byLeader = Map.groupBy(batches, ({ partition }) => partitions?.[partition]?.leader)
    const requests = [...byLeader].map(([leader, own]) => api.async(connections.get(leader) as Connection, topic, own))
    const failures = (await Promise.allSettled(requests)).filter(result => result.status === 'rejected')
    if (failures.length === 0) return
    // It is unknown which partitions stored their batch, so the sequences restart in a new epoch.
    this.#epoch = undefined
    if (failures.length === 1) throw failures[0]?.reason
    const reasons = failures.map(({ reason }) => reason)
    throw new AggregateError(reasons, 'several brokers did not take the messages')
  }

  #metadataOf(topic: string): Promise<ClusterMetadata> {
    return this.client.metadata({ topics: [topic] })
  }

  /** The newest version of the request that both the library and the broker support. */
  async #produceApi(): Promise<ProduceApi> {
    if (this.#api) return this.#api
    const library = this.#library
    const form = await newestForm(this.client, formsOf(library))
    const { key, version } = form.api
    const isFlexible = version >= firstFlexibleVersion
    const write = (...request: Request) => writeRequest(library, version, ...request)
    this.#api = library.createAPI<Request, unknown>(key, version, write, form.parseResponse, isFlexible, isFlexible)
    return this.#api
  }
}

/** The newest first. */
function formsOf(library: KafkaLibrary) {
  const { produceV3, produceV4, produceV5, produceV6, produceV7, produceV8, produceV9, produceV10, produceV11 } =
    library
  return [produceV11, produceV10, produceV9, produceV8, produceV7, produceV6, produceV5, produceV4, produceV3]
}

/** The body of a request, byte for byte as the library makes it of the same records. */
export function writeRequest(library: KafkaLibrary, version: number, ...[topic, batches]: Request): Writer {
  const isFlexible = version >= firstFlexibleVersion
  const writePartition = (writer: Writer, { partition, records }: PartitionRecords) => {
    writer.appendInt32(partition).appendBytes(records, isFlexible)
  }
  const writeTopic = (writer: Writer, name: string) => {
    writer.appendString(name, isFlexible).appendArray([...batches], writePartition, isFlexible, isFlexible)
  }
  const writer = library.Writer.create()
    // No transaction.
    .appendString(null, isFlexible)
    .appendInt16(library.ProduceAcks.ALL)
    .appendInt32(requestTimeoutMs)
    .appendArray([topic], writeTopic, isFlexible, isFlexible)
  return isFlexible ? writer.appendTaggedFields() : writer
}
