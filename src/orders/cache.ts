import { LRUCache } from 'lru-cache'
import { CachedOrder } from './cached-order.ts'
import type { LockedOrder } from './order-locks.ts'
import { OrderReads } from './order-reads.ts'
import type { PlacedOrder, StoredOrder } from './queries.ts'
import { RecentOrders } from './recent-orders.ts'

/** An order that this instance has placed. */
export type RecentOrder = PlacedOrder & {
  /** Made at the first read. Its bytes are then held in addition to the document, which the readers of the log need. */
  cached?: CachedOrder
}

/** An order's state as it is since a change. */
export type ChangedState = Pick<LockedOrder, 'orderUid' | 'version' | 'state' | 'updatedAtMs'>

/** What an entry costs beside its document: the status fields, key, list links and wrappers. */
const entryOverheadBytes = 450

/** How long, and of how many orders, the cache remembers that they were changed: longer than any read takes. */
const changedTtlMs = 60_000
const changedMax = 100_000

/** How much is kept of orders that have just left, in characters. */
const leftCharactersMax = 1_000_000

/** How much of the cache is filled ahead; the rest is for what comes in meanwhile. */
const fillShare = 0.8

type Options = {
  /** The bound of all entries. */
  sizeBytesMax: number
  /** Reads one order from the database. */
  load: (orderUid: string) => Promise<StoredOrder | undefined>
  /** Whether news of every change reaches this instance within a second. @param nowMs by `performance.now()`, if it was just read */
  isInStep: (nowMs?: number) => boolean
}

/**
 * A cache of orders as ready-made bytes, bounded by their size. It holds only what is stored: an order enters it after its
 * commit or when it is read, and a changed order leaves it.
 *
 * One half is for the orders that were placed here last, in the order in which they came: moving each of them to the front of
 * those that were used last costs more than most of them are ever asked for. The other half is for orders that were read.
 *
 * While this instance may miss changes the cache is not used: reads go through to the database.
 */
export class OrderCache {
  /** The orders that were placed here last, for the readers of the log. */
  readonly placed: RecentOrders<RecentOrder>
  readonly #entriesBytesMax: number
  readonly #isInStep: Options['isInStep']
  readonly #entries: LRUCache<string, CachedOrder>
  /** The versions that orders were changed to: what was read before the change may arrive after the news of it. */
  readonly #changed = new LRUCache<string, number>({ max: changedMax, ttl: changedTtlMs })
  /** Orders that were placed here and have changed since: the news of a change may be here before its writer has said what it is. */
  readonly #left = new LRUCache<string, RecentOrder>({
    maxSize: leftCharactersMax,
    sizeCalculation: ({ document }) => document.length + entryOverheadBytes,
  })
  readonly #reads: OrderReads<CachedOrder | undefined>
  #epoch = 0
  #hits = 0
  #misses = 0

  constructor({ sizeBytesMax, load, isInStep }: Options) {
    this.#entriesBytesMax = Math.floor(sizeBytesMax / 2)
    this.placed = new RecentOrders<RecentOrder>(this.#entriesBytesMax)
    this.#entries = new LRUCache({ maxSize: this.#entriesBytesMax })
    this.#isInStep = isInStep
    this.#reads = new OrderReads(async orderUid => {
      const startedIn = this.#epoch
      const order = await load(orderUid)
      if (order === undefined) return undefined
      const entry = new CachedOrder(order)
      // What was read before the cache was cleared may be older than a change that was missed.
      if (startedIn === this.#epoch && isInStep()) this.#admit(order, entry)
      return entry
    })
  }

  /**
   * Returns the order under a uid: at once when it is cached, otherwise from the database, which is asked once for all callers.
   *
   * @param nowMs by `performance.now()`, if it was just read
   * @returns undefined for an order that is not stored
   * @throws AppError OVERLOADED when too many reads wait; what `load` throws
   */
  get(orderUid: string, nowMs?: number): CachedOrder | Promise<CachedOrder | undefined> {
    const entry = this.find(orderUid, nowMs)
    if (entry !== undefined) {
      this.#hits += 1
      return entry
    }
    this.#misses += 1
    return this.#reads.get(orderUid)
  }

  /** Returns the order under a uid if it is cached. @param nowMs by `performance.now()`, if it was just read */
  find(orderUid: string, nowMs?: number): CachedOrder | undefined {
    return this.#isInStep(nowMs) ? (this.#entries.get(orderUid) ?? this.#findPlaced(orderUid)) : undefined
  }

  /** Keeps orders that were placed here just now, after their commit. */
  keep(orders: readonly PlacedOrder[]): void {
    for (const order of orders) if (this.#isCurrent(order)) this.placed.keep(order.orderUid, order)
  }

  /** How often the cache was cleared: what was read before the last time does not enter it. */
  get epoch(): number {
    return this.#epoch
  }

  /**
   * Fills the cache with orders that were read, where there is room; what is there already is newer, and stays.
   *
   * @param epoch that of the cache before they were read
   * @returns whether there is room for more
   */
  fill(orders: readonly StoredOrder[], epoch: number): boolean {
    if (epoch !== this.#epoch) return false
    for (const order of orders) {
      if (this.#entries.calculatedSize > this.#entriesBytesMax * fillShare) return false
      const isThere = this.#entries.has(order.orderUid) || this.placed.find(order.orderUid) !== undefined
      if (!isThere) this.#admit(order, new CachedOrder(order))
    }
    return true
  }

  /** Evicts an order that was changed. What was read of it before, and is older than that version, does not enter any more. */
  readonly forget = (orderUid: string, version: number): void => {
    this.#changed.set(orderUid, Math.max(version, this.#changed.get(orderUid) ?? 0))
    this.#entries.delete(orderUid)
    const placed = this.placed.find(orderUid)
    if (placed !== undefined) this.#left.set(orderUid, placed)
    this.placed.forget(orderUid)
    this.#reads.forget(orderUid)
  }

  /**
   * Takes over a change that this instance has made of an order's state, after its commit: one that it has placed is read from memory
   * afterwards, any other leaves the cache.
   */
  change({ orderUid, version, state, updatedAtMs }: ChangedState): void {
    const placed = this.placed.find(orderUid) ?? this.#left.get(orderUid)
    this.#left.delete(orderUid)
    this.forget(orderUid, version)
    if (placed?.version !== version - 1 || !this.#isInStep()) return
    const { document } = placed
    const order = { orderUid, version, document, state, updatedAt: new Date(updatedAtMs) }
    this.#admit(order, new CachedOrder(order))
  }

  /** Evicts everything: changes may have been missed. */
  clear(): void {
    this.#epoch += 1
    this.#entries.clear()
    this.placed.clear()
    this.#left.clear()
    this.#reads.forgetAll()
  }

  stats(): { hits: number; misses: number; orders: number; bytes: number } {
    return {
      hits: this.#hits,
      misses: this.#misses,
      orders: this.#entries.size + this.placed.size,
      bytes: this.#entries.calculatedSize + this.placed.characters,
    }
  }

  #isCurrent({ orderUid, version }: StoredOrder): boolean {
    return this.#changed.size === 0 || (this.#changed.get(orderUid) ?? 0) <= version
  }

  #admit(order: StoredOrder, entry: CachedOrder): void {
    if (this.#isCurrent(order)) this.#entries.set(order.orderUid, entry, { size: sizeOf(order) })
  }

  #findPlaced(orderUid: string): CachedOrder | undefined {
    const order = this.placed.find(orderUid)
    if (order === undefined) return undefined
    order.cached ??= new CachedOrder(order)
    return order.cached
  }
}

/**
 * What an order takes, as text before it is read or as bytes after it. Documents are mostly ASCII, a byte for each character;
 * counting exactly would cost as much as keeping.
 */
function sizeOf(order: StoredOrder): number {
  return order.document.length + entryOverheadBytes
}
