import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import { RecentOrders } from '../events/recent-orders.ts'
import { jsonOf, type PlacedOrder, type StoredOrder } from './queries.ts'

/**
 * An order ready to be sent. It is turned into bytes when it is first asked for: most orders come in faster than they are
 * read, and 4 µs an order is a tenth of what the intake costs.
 */
export class CachedOrder {
  readonly etag: string
  #order: StoredOrder | undefined
  #bytes: Uint8Array<ArrayBuffer> | undefined

  constructor(order: StoredOrder) {
    this.etag = `"${order.version}"`
    this.#order = order
  }

  /** For an answer that is given once: a text, of which the server makes bytes by itself, unless the bytes are there. */
  get body(): string | Uint8Array<ArrayBuffer> {
    return this.#order === undefined ? this.bytes : jsonOf(this.#order)
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#order !== undefined) {
      this.#bytes = new TextEncoder().encode(jsonOf(this.#order))
      this.#order = undefined
    }
    return this.#bytes as Uint8Array<ArrayBuffer>
  }
}

/** An order that this instance has placed. */
export type RecentOrder = PlacedOrder & {
  /** Made when it is first asked for. Its bytes are then held beside the document, which the readers of the log need. */
  cached?: CachedOrder
}

export type OrderCache = {
  /**
   * The order under a uid: at once when it is cached, otherwise from the database, which is asked once however many ask.
   *
   * @param nowMs by `performance.now()`, where it was just asked for
   * @returns undefined for an order that is not stored
   * @throws AppError OVERLOADED when too many reads wait; what `load` throws
   */
  get(orderUid: string, nowMs?: number): CachedOrder | Promise<CachedOrder | undefined>
  /** The orders that were placed here last, for the readers of the log. */
  readonly placed: RecentOrders<RecentOrder>
  /** Keeps orders that were placed here just now, after their commit. */
  keep(orders: readonly PlacedOrder[]): void
  /** How often everything was forgotten: what was read before the last time is not taken in any more. */
  readonly epoch: number
  /**
   * Fills the cache with orders that were read, where there is room; what is there already is newer, and stays.
   *
   * @param epoch that of the cache before they were read
   * @returns whether there is room for more
   */
  fill(orders: readonly StoredOrder[], epoch: number): boolean
  /** Forgets an order that was changed, and takes nothing older than that version from whoever read it before. */
  forget(orderUid: string, version: number): void
  /** Forgets everything: changes may have been missed. */
  clear(): void
  stats(): { hits: number; misses: number; orders: number; bytes: number }
}

/** A read under way is joined by others for so long; what it finds may be as old as it is. */
const joinedForMs = 500

/** What an entry costs beside its document: the status fields, key, list links and wrappers. */
const entryOverheadBytes = 450

/** For how long, and of how many orders, it is remembered that they were changed: longer than any read takes. */
const changedTtlMs = 60_000
const changedMax = 100_000

/** How much of the cache is filled ahead; the rest is for what comes in meanwhile. */
const fillShare = 0.8

/** Reads of different orders under way at a time; more would only wait for a connection. */
const loadsMax = 2_000

/**
 * A cache of orders as ready-made bytes, bounded by their size. It holds only what is stored: an order enters it after its
 * commit or by being read, and a changed order leaves it.
 *
 * Half of it is for the orders that were placed here last, in the order in which they came, since putting each of them among
 * those that were used last costs more than most of them are ever asked for; the other half is for orders that were read.
 *
 * Without news of what others change it is not used: reads go through to the database.
 *
 * @param options sizeBytesMax: bound of all entries; load: reads one order from the database; isInStep: whether this instance
 *   hears of every change within a second
 */
export function createOrderCache(options: {
  sizeBytesMax: number
  load: (orderUid: string) => Promise<StoredOrder | undefined>
  isInStep: (nowMs?: number) => boolean
}): OrderCache {
  const { isInStep } = options
  const sizeBytesMax = Math.floor(options.sizeBytesMax / 2)
  const entries = new LRUCache<string, CachedOrder>({ maxSize: sizeBytesMax })
  const placed = new RecentOrders<RecentOrder>(sizeBytesMax)
  /** The versions that orders were changed to: what was read before the change may arrive after the news of it. */
  const changed = new LRUCache<string, number>({ max: changedMax, ttl: changedTtlMs })
  /** Reads under way. */
  const loads = new Map<string, { startedMs: number; done: Promise<CachedOrder | undefined> }>()
  let epoch = 0
  let loading = 0
  let hits = 0
  let misses = 0

  function isCurrent(order: StoredOrder): boolean {
    return changed.size === 0 || (changed.get(order.orderUid) ?? 0) <= order.version
  }

  function admit(order: StoredOrder, entry: CachedOrder): void {
    if (isCurrent(order)) entries.set(order.orderUid, entry, { size: sizeOf(order) })
  }

  function findPlaced(orderUid: string): CachedOrder | undefined {
    const order = placed.find(orderUid)
    if (order === undefined) return undefined
    order.cached ??= new CachedOrder(order)
    return order.cached
  }

  function load(orderUid: string): Promise<CachedOrder | undefined> {
    const startedMs = performance.now()
    const running = loads.get(orderUid)
    if (running !== undefined && startedMs - running.startedMs < joinedForMs) return running.done
    if (loading >= loadsMax) throw new AppError('OVERLOADED', 'too many orders are being read')
    loading += 1
    const startedIn = epoch
    const done = options
      .load(orderUid)
      .then(order => {
        const entry = order === undefined ? undefined : new CachedOrder(order)
        // What was read before news were missed may be from before one of them.
        if (order !== undefined && entry !== undefined && startedIn === epoch && isInStep()) admit(order, entry)
        return entry
      })
      .finally(() => {
        loading -= 1
        if (loads.get(orderUid) === started) loads.delete(orderUid)
      })
    const started = { startedMs, done }
    loads.set(orderUid, started)
    return done
  }

  return {
    get(orderUid, nowMs) {
      const entry = isInStep(nowMs) ? (entries.get(orderUid) ?? findPlaced(orderUid)) : undefined
      if (entry !== undefined) {
        hits += 1
        return entry
      }
      misses += 1
      return load(orderUid)
    },
    placed,
    get epoch() {
      return epoch
    },
    keep(orders) {
      for (const order of orders) if (isCurrent(order)) placed.keep(order.orderUid, order)
    },
    fill(orders, readIn) {
      if (readIn !== epoch) return false
      for (const order of orders) {
        if (entries.calculatedSize > sizeBytesMax * fillShare) return false
        if (!entries.has(order.orderUid) && placed.find(order.orderUid) === undefined)
          admit(order, new CachedOrder(order))
      }
      return true
    },
    forget(orderUid, version) {
      changed.set(orderUid, Math.max(version, changed.get(orderUid) ?? 0))
      entries.delete(orderUid)
      placed.forget(orderUid)
      loads.delete(orderUid)
    },
    clear() {
      epoch += 1
      entries.clear()
      placed.clear()
      loads.clear()
    },
    stats: () => ({
      hits,
      misses,
      orders: entries.size + placed.size,
      bytes: entries.calculatedSize + placed.characters,
    }),
  }
}

/**
 * What an order takes, as text before it is read or as bytes after it. Documents are mostly ASCII, a byte for each character;
 * counting exactly would cost as much as keeping.
 */
function sizeOf(order: StoredOrder): number {
  return order.document.length + entryOverheadBytes
}
