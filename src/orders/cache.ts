import { LRUCache } from 'lru-cache'
import { AppError } from '../errors.ts'
import { jsonOf, type StoredOrder } from './queries.ts'

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

  /** As a text, for an answer that is given once: the server makes bytes of it by itself. */
  get json(): string {
    return this.#order === undefined ? new TextDecoder().decode(this.#bytes) : jsonOf(this.#order)
  }

  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#order !== undefined) {
      this.#bytes = new TextEncoder().encode(jsonOf(this.#order))
      this.#order = undefined
    }
    return this.#bytes as Uint8Array<ArrayBuffer>
  }
}

export type OrderCache = {
  /**
   * The order under a uid: at once when it is cached, otherwise from the database, which is asked once however many ask.
   *
   * @returns undefined for an order that is not stored
   * @throws AppError OVERLOADED when too many reads wait; what `load` throws
   */
  get(orderUid: string): CachedOrder | Promise<CachedOrder | undefined>
  /** Keeps orders that are known to be committed. */
  keep(orders: readonly StoredOrder[]): void
  /**
   * Fills the cache with orders that were read, where there is room; what is there already is newer, and stays.
   *
   * @returns whether there is room for more
   */
  fill(orders: readonly StoredOrder[]): boolean
  /** Forgets an order that was changed, and takes nothing older than that version from whoever read it before. */
  forget(orderUid: string, version: number): void
  /** Forgets everything: changes may have been missed. */
  clear(): void
  stats(): { hits: number; misses: number; orders: number; bytes: number }
}

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
 * @param options sizeBytesMax: bound of all entries; load: reads one order from the database
 */
export function createOrderCache(options: {
  sizeBytesMax: number
  load: (orderUid: string) => Promise<StoredOrder | undefined>
}): OrderCache {
  const entries = new LRUCache<string, CachedOrder>({
    maxSize: options.sizeBytesMax,
  })
  /** The versions that orders were changed to: what was read before the change may arrive after the news of it. */
  const changed = new LRUCache<string, number>({ max: changedMax, ttl: changedTtlMs })
  /** Reads under way. */
  const loads = new Map<string, Promise<CachedOrder | undefined>>()
  let hits = 0
  let misses = 0

  function admit(order: StoredOrder, entry: CachedOrder): void {
    if (changed.size === 0 || (changed.get(order.orderUid) ?? 0) <= order.version)
      entries.set(order.orderUid, entry, { size: sizeOf(order) })
  }

  function load(orderUid: string): Promise<CachedOrder | undefined> {
    const running = loads.get(orderUid)
    if (running !== undefined) return running
    if (loads.size >= loadsMax) throw new AppError('OVERLOADED', 'too many orders are being read')
    const started = options
      .load(orderUid)
      .then(order => {
        const entry = order === undefined ? undefined : new CachedOrder(order)
        if (order !== undefined && entry !== undefined) admit(order, entry)
        return entry
      })
      .finally(() => {
        if (loads.get(orderUid) === started) loads.delete(orderUid)
      })
    loads.set(orderUid, started)
    return started
  }

  return {
    get(orderUid) {
      const entry = entries.get(orderUid)
      if (entry !== undefined) {
        hits += 1
        return entry
      }
      misses += 1
      return load(orderUid)
    },
    keep(orders) {
      for (const order of orders) admit(order, new CachedOrder(order))
    },
    fill(orders) {
      for (const order of orders) {
        if (entries.calculatedSize > options.sizeBytesMax * fillShare) return false
        if (!entries.has(order.orderUid)) admit(order, new CachedOrder(order))
      }
      return true
    },
    forget(orderUid, version) {
      changed.set(orderUid, Math.max(version, changed.get(orderUid) ?? 0))
      entries.delete(orderUid)
      loads.delete(orderUid)
    },
    clear() {
      entries.clear()
      loads.clear()
    },
    stats: () => ({ hits, misses, orders: entries.size, bytes: entries.calculatedSize }),
  }
}

/**
 * What an order takes, as text before it is read or as bytes after it. Documents are mostly ASCII, a byte for each character;
 * counting exactly would cost as much as keeping.
 */
function sizeOf(order: StoredOrder): number {
  return order.document.length + entryOverheadBytes
}
