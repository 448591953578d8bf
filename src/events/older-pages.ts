import type { FedEvent, FedPage } from './feed.ts'
import { comparePlaces, type LogPlace } from './place.ts'

/** So many pages are kept for whoever comes behind. */
const pagesMax = 8

type Kept = { from: LogPlace; page: FedPage }

/**
 * Pages of the log for readers that have fallen behind. They fall behind together, when there is more to tell than the service
 * and its readers can bear, so a page that one of them has needed is kept for the others for a while, and the page behind it is
 * read while it is being sent. One page is read at a time: the database is there for the orders first.
 */
export class OlderPages {
  readonly #read: (after: LogPlace) => Promise<FedPage>
  #kept: Kept[] = []
  /** The reading that is under way, and every one that waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #underWay = new Map<string, Promise<FedPage>>()

  /** @param read reads the page behind a place */
  constructor(read: (after: LogPlace) => Promise<FedPage>) {
    this.#read = read
  }

  /** The events behind a place; without any, with the place that the reader has come to all the same. */
  async after(place: LogPlace): Promise<FedPage> {
    const page = this.#find(place) ?? (await this.#fetch(place))
    // Whoever takes this one wants the next one soon. If it cannot be read, that is met by who asks for it.
    if (page.events.length > 0 && this.#find(page.place) === undefined) this.#fetch(page.place).catch(() => undefined)
    return page
  }

  /** Reads something else of the log in its turn: of all that is behind one thing is read at a time. */
  inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
    const reading = this.#last.catch(() => undefined).then(read)
    this.#last = reading
    return reading
  }

  /** Lets go of all pages. */
  forget(): void {
    this.#kept = []
  }

  #find(place: LogPlace): FedPage | undefined {
    const kept = this.#kept.find(
      ({ from, page }) => comparePlaces(from, place) <= 0 && comparePlaces(place, page.place) < 0,
    )
    return kept && { events: behind(kept.page.events, place), place: kept.page.place }
  }

  #fetch(place: LogPlace): Promise<FedPage> {
    const key = `${place.xid}-${place.position}`
    const known = this.#underWay.get(key)
    if (known !== undefined) return known
    const reading = this.inTurn(async () => {
      const page = this.#find(place) ?? (await this.#read(place))
      if (page.events.length > 0) this.#kept = [...this.#kept.slice(1 - pagesMax), { from: place, page }]
      return page
    }).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, reading)
    return reading
  }
}

/** The events behind a place, of events in the order of the log. */
export function behind(events: readonly FedEvent[], place: LogPlace): readonly FedEvent[] {
  let low = 0
  for (let high = events.length; low < high; ) {
    const middle = (low + high) >> 1
    const event = events[middle]
    if (event !== undefined && comparePlaces(event.place, place) <= 0) low = middle + 1
    else high = middle
  }
  return low === 0 ? events : events.slice(low)
}
