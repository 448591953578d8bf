import type { Base, ConnectionPool } from '@platformatic/kafka'
import type { Offsets } from './backlog.ts'
import { type KafkaLibrary, newestForm } from './client.ts'
import type { FetchedPartition } from './isolation.ts'

/** How long the broker may wait for messages, and how many bytes it returns, of all partitions and of each. */
export type FetchBounds = { waitMs: number; bytesMax: number; partitionBytesMax: number }

/** From this version on a topic goes by its id; before, by its name (KIP-516). */
const firstVersionWithIds = 13
/** Says that this is no incremental fetch: each request names all its partitions (KIP-227). */
const noSession = { id: 0, epoch: -1 }
/** Of the epochs in a request: not known. */
const unknown = -1

/**
 * Fetches of one topic, bounded by the last stable offset: the broker returns nothing of transactions that are open. Connections,
 * request and decoding are the library's. Its own `fetch` is not used, because it leaves batches out by rules that are wrong
 * (see `committedBatches`).
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
   * @param node which leads the partitions
   * @param topicId by which the brokers know the topic
   * @param positions the partitions in the order in which the broker fills its answer, and the next offset of each
   * @returns what came of each partition, with its aborted transactions
   * @throws what the library throws
   */
  async fetch(node: number, topicId: string, positions: Offsets): Promise<FetchedPartition[]> {
    this.#form ??= await newestForm(this.#client, formsOf(this.#library))
    const { api } = this.#form
    // The library says what is wrong when it is given a broker that it does not know.
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
