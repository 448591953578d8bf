import { Notifier } from '../events/notifier.ts'

/** Notifies those who watch an order or a parcel that it may have changed: only them, of thousands of open pages. */
export class OrderWatches {
  readonly #watches = new Map<string, Set<Notifier>>()

  /** @returns notifies of changes of what it is told to watch, until it is ended */
  open(): OrderWatch {
    return new OrderWatch(this.#watches)
  }

  /** What has the keys may have changed; without them everything may. */
  notify(keys: Iterable<string> = this.#watches.keys()): void {
    for (const key of [...keys]) for (const changed of this.#watches.get(key) ?? []) changed.notify()
  }
}

/** Orders and parcels have keys of their own: a uid may look like a number. */
export const orderKey = (orderUid: string) => `order ${orderUid}`
export const numberKey = (number: string) => `number ${number}`

/** What one open page watches. */
export class OrderWatch {
  readonly changed = new Notifier()
  readonly #all: Map<string, Set<Notifier>>
  readonly #own = new Set<string>()

  constructor(all: Map<string, Set<Notifier>>) {
    this.#all = all
  }

  /** Watches more. @returns whether some of it was not watched before: it may have changed unnoticed */
  add(keys: readonly string[]): boolean {
    const fresh = keys.filter(key => !this.#own.has(key))
    for (const key of fresh) {
      this.#own.add(key)
      const watching = this.#all.get(key)
      if (watching === undefined) this.#all.set(key, new Set([this.changed]))
      else watching.add(this.changed)
    }
    return fresh.length > 0
  }

  end(): void {
    for (const key of this.#own) {
      const watching = this.#all.get(key)
      watching?.delete(this.changed)
      if (watching?.size === 0) this.#all.delete(key)
    }
    this.#own.clear()
  }
}
