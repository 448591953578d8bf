import type { Base, ClusterMetadata, ConnectionPool, Writer } from '@platformatic/kafka'
import { Chunk, type PartitionRecords } from './chunks.ts'
import { clientOptions, type KafkaCluster, type KafkaLibrary, newestForm, requestTimeoutMs } from './client.ts'

type Broker = Parameters<ConnectionPool['get']>[0]
type ProduceApi = {
  async(connection: Awaited<ReturnType<ConnectionPool['get']>>, ...request: Request): Promise<unknown>
}
type Request = [topic: string, batches: readonly PartitionRecords[]]

/** From this version on requests have short lengths and room for fields to come (KIP-482). */
const firstFlexibleVersion = 9

/**
 * A client that sends record batches which are ready. Connections, requests and answers are the library's; only its encoding of
 * records is gone around. The buffers belong to it too: a request that is given up does not meet those of the next client.
 */
export class ProducingClient {
  readonly client: Base
  readonly chunk = new Chunk()
  readonly #library: KafkaLibrary
  #api: ProduceApi | undefined

  constructor(library: KafkaLibrary, cluster: KafkaCluster, clientId: string) {
    this.#library = library
    this.client = new library.Base(clientOptions(cluster, clientId))
  }

  /** How many partitions a topic has. @throws Error when it is not there */
  async partitionsOf(topic: string): Promise<number> {
    const count = (await this.#metadataOf(topic)).topics.get(topic)?.partitionsCount
    if (!count) throw new Error(`the topic ${topic} is not there`)
    return count
  }

  /**
   * Sends what the chunk holds, and resolves when every in-sync replica has all of it.
   *
   * @throws what the library throws; an AggregateError when several brokers failed
   */
  async sendChunk(topic: string): Promise<void> {
    const library = this.#library
    const api = await this.#produceApi()
    const metadata = await this.#metadataOf(topic)
    const partitions = metadata.topics.get(topic)?.partitions
    // Bytes alone the library would copy before it makes their sum.
    const checksum = (bytes: Buffer) => library.crc32c(library.Writer.create().append(bytes).dynamicBuffer)
    const batches = this.chunk.finish(Date.now(), checksum)
    const byLeader = Map.groupBy(batches, ({ partition }) => partitions?.[partition]?.leader)
    const requests = [...byLeader].map(async ([leader, own]) => {
      // The library says what is wrong when it is given a broker that it does not know.
      const broker = metadata.brokers.get(leader ?? -1) as Broker
      await api.async(await this.client.connections.get(broker), topic, own)
    })
    const failures = (await Promise.allSettled(requests)).filter(result => result.status === 'rejected')
    if (failures.length > 1) {
      const reasons = failures.map(({ reason }) => reason)
      throw new AggregateError(reasons, 'several brokers did not take the messages')
    }
    if (failures[0] !== undefined) throw failures[0].reason
  }

  #metadataOf(topic: string): Promise<ClusterMetadata> {
    return this.client.metadata({ topics: [topic] })
  }

  /** The newest form of the request that both the library and the broker know. */
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
