/** What of an order an event is read with. */
export type OrderOfEvent = {
  /** Null when the order is no longer there. */
  customerId: string | null
  /** The document; null when it is not there, or was not asked for. */
  document: string | null
}

/** How much of documents is kept, in characters: half of it at least, and what readers of the log may be behind by. */
const charactersMax = 16 * 1024 * 1024

/**
 * The orders that this instance placed last. Every reader of the log is about to come to their events, and finds their
 * documents here instead of fetching them: that costs the database a third of what storing them did.
 *
 * There are two halves, and when the newer one is full the older one is dropped whole: taking orders out of a map one by one,
 * oldest first, cost a tenth of the intake.
 */
export class RecentOrders {
  #newer = new Map<string, OrderOfEvent>()
  #older = new Map<string, OrderOfEvent>()
  #newerCharacters = 0

  /** Keeps an order that was placed just now; its document never changes. */
  keep(orderUid: string, customerId: string, document: string): void {
    if (this.#newerCharacters + document.length > charactersMax / 2) {
      this.#older = this.#newer
      this.#newer = new Map()
      this.#newerCharacters = 0
    }
    this.#newer.set(orderUid, { customerId, document })
    this.#newerCharacters += document.length
  }

  find(orderUid: string): OrderOfEvent | undefined {
    return this.#newer.get(orderUid) ?? this.#older.get(orderUid)
  }
}
