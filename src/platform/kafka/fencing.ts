import { setTimeout as sleep } from 'node:timers/promises'
import type { Base, ConnectionPool } from '@platformatic/kafka'
import { type Backoff, backoffMs } from '../backoff.ts'
import { hasProtocolError, type KafkaLibrary, newestForm, UnsupportedRequestError } from './client.ts'
import type { Origin } from './record-batch.ts'

/**
 * Fencing: of several processes that publish under one name the brokers accept messages only from the latest. The name is a
 * transactional id, whose epoch the coordinator raises each time it is requested; a partition that has seen an epoch refuses older
 * ones, including what waited in a socket. No transaction is ever begun, so it costs nothing.
 */
export type Fence = {
  readonly name: string
  /** Whether an epoch was ever assigned; from then on nothing is sent without one. */
  hasWorked: boolean
  /** Whether the brokers do not support fencing, or refuse it to this account. */
  isOff: boolean
}

/** How long to wait for a coordinator that is starting, in milliseconds. */
const coordinatorTimeoutMs = 5_000
const coordinatorBackoff: Backoff = { firstMs: 200, maxMs: 400 }
/** For a transaction that is never begun; brokers require a number. */
const transactionTimeoutMs = 60_000
const transactionKey = 1
const nobody = -1n
const noEpoch = -1
/** After this, sequence numbers continue at 0. */
const sequenceMax = 2 ** 31 - 1

const isComing = [
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'NOT_COORDINATOR',
  'CONCURRENT_TRANSACTIONS',
]
const isRefused = [
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'INVALID_REQUEST',
]

/** A producer id with its epoch, and the next sequence number of each partition. */
export class Epoch {
  readonly #producerId: bigint
  readonly #epoch: number
  readonly #sequences = new Map<string, number>()

  constructor(producerId: bigint, epoch: number) {
    this.#producerId = producerId
    this.#epoch = epoch
  }

  /** Returns the origin of the next batch of a partition. @param count how many messages it has */
  next(topic: string, partition: number, count: number): Origin {
    const key = `${topic}/${partition}`
    const sequence = this.#sequences.get(key) ?? 0
    this.#sequences.set(key, (sequence + count) % (sequenceMax + 1))
    return { producerId: this.#producerId, epoch: this.#epoch, sequence }
  }
}

/**
 * Requests the next epoch; from then on the brokers refuse what is sent with earlier ones.
 *
 * @returns undefined where there is no fencing: the brokers do not support it, or this account may not use it
 * @throws what the library throws, also while the coordinator is down and fencing has worked before
 */
export async function nextEpoch(library: KafkaLibrary, client: Base, fence: Fence): Promise<Epoch | undefined> {
  if (fence.isOff) return undefined
  const startedMs = performance.now()
  for (let failures = 1; ; failures += 1) {
    try {
      const epoch = await askForEpoch(library, client, fence.name)
      fence.hasWorked = true
      return epoch
    } catch (error) {
      const isLate = performance.now() - startedMs > coordinatorTimeoutMs
      const isAway = hasProtocolError(error, ...isComing)
      if (isAway && !isLate) {
        await sleep(backoffMs(coordinatorBackoff, failures, Math.random()))
        continue
      }
      // A single broker whose transaction log needs three replicas never has a coordinator; it publishes without fencing.
      const isNever = error instanceof UnsupportedRequestError || hasProtocolError(error, ...isRefused)
      fence.isOff = !fence.hasWorked && (isAway || isNever)
      if (fence.isOff) return undefined
      throw error
    }
  }
}

async function askForEpoch(library: KafkaLibrary, client: Base, name: string): Promise<Epoch> {
  const { findCoordinatorV1, findCoordinatorV2, findCoordinatorV3, findCoordinatorV4, findCoordinatorV5 } = library
  const { findCoordinatorV6, initProducerIdV3, initProducerIdV4, initProducerIdV5 } = library
  const newer = [findCoordinatorV6, findCoordinatorV5, findCoordinatorV4]
  const { api: find } = await newestForm(client, [...newer, findCoordinatorV3, findCoordinatorV2, findCoordinatorV1])
  const { api: init } = await newestForm(client, [initProducerIdV5, initProducerIdV4, initProducerIdV3])
  const { brokers } = await client.metadata({ topics: [] })
  const [anyBroker] = brokers.values()
  const asked = await client.connections.get(anyBroker as Broker)
  const { coordinators } = await find.async(asked, transactionKey, [name])
  const coordinator = coordinators[0] as Broker
  const connection = await client.connections.get({ host: coordinator.host, port: coordinator.port })
  const answer = await init.async(connection, name, transactionTimeoutMs, nobody, noEpoch)
  return new Epoch(answer.producerId, answer.producerEpoch)
}

type Broker = Parameters<ConnectionPool['get']>[0]
