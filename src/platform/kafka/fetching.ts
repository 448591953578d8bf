import type { Base, ConnectionPool } from '@platformatic/kafka'
import type { Offsets } from './backlog.ts'
import { type KafkaLibrary, newestForm } from './client.ts'
import type { FetchedPartition } from './isolation.ts'

/** How long the broker may wait for messages, and how many bytes it returns, in total and per partition. */
export type FetchBounds = { waitMs: number; bytesMax: number; partitionBytesMax: number }

/** From this version on a topic is identified by its id; before, by its name (KIP-516). */
const firstVersionWithIds = 13
/** Not an incremental fetch: each request names all its partitions (KIP-227). */
const noSession = { id: 0, epoch: -1 }
/** An unknown epoch in a request. */
const unknown = -1

/**
 * Fetches from one topic up to the last stable offset: the broker returns nothing of open transactions. Connections, request and
 * decoding are the library's. Its own `fetch` is not used, since it skips batches by wrong rules (see `committedBatches`).
 */
export class Fetching {
  readonly #library: KafkaLibrary
  readonly #client: Base
  readonly #topic: string
  readonly #bounds: FetchBounds
  #form: ReturnType<typeof formsOf>[number] | undefined

  constructor(library: KafkaLibrary, client: Base, topic: string, bounds: FetchBounds) {
    this.#library = library
    this.#client = client
    this.#topic = topic
    this.#bounds = bounds
  }

  /**
   * @param node the leader of the partitions
   * @param topicId the id of the topic
   * @param positions the partitions in the order in which the broker fills its response, and the next offset of each
   * @returns the batches of each partition, with its aborted transactions
   * @throws what the library throws
   */
  async fetch(node: number, topicId: string, positions: Offsets): Promise<FetchedPartition[]> {
    this.#form ??= await newestForm(this.#client, formsOf(this.#library))
    const { api } = this.#form
    // Given an unknown broker, the library throws a clear error.
    const broker = (await this.#client.metadata({ topics: [this.#topic] })).brokers.get(node) as Broker
    const { waitMs, bytesMax, partitionBytesMax } = this.#bounds
    const partitions = [...positions].map(([partition, fetchOffset]) => ({
      partition,
      currentLeaderEpoch: unknown,
      fetchOffset,
      lastFetchedEpoch: unknown,
      partitionMaxBytes: partitionBytesMax,
    }))
    const { responses } = await api.async(
      await this.#client.connections.get(broker),
      waitMs,
      1,
      bytesMax,
      this.#library.FetchIsolationLevels.READ_COMMITTED,
      noSession.id,
      noSession.epoch,
      [{ topicId: api.version < firstVersionWithIds ? this.#topic : topicId, partitions }],
      [],
      '',
    )
    return responses.flatMap((response): FetchedPartition[] => response.partitions)
  }
}

type Broker = Parameters<ConnectionPool['get']>[0]

/** The newest first. */
function formsOf(library: KafkaLibrary) {
  const { fetchV4, fetchV5, fetchV6, fetchV7, fetchV8, fetchV9, fetchV10 } = library
  const { fetchV11, fetchV12, fetchV13, fetchV14, fetchV15, fetchV16, fetchV17 } = library
  const newer = [fetchV17, fetchV16, fetchV15, fetchV14, fetchV13, fetchV12, fetchV11]
  return [...newer, fetchV10, fetchV9, fetchV8, fetchV7, fetchV6, fetchV5, fetchV4]
}
