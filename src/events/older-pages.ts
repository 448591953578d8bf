import { type Checkpoint, compareCheckpoints } from './checkpoint.ts'
import type { FedEvent, FedPage } from './fed-event.ts'

/** How many pages are kept for the readers behind. */
const pagesMax = 8

type Kept = { from: Checkpoint; page: FedPage }

/**
 * Pages of the log for readers that have fallen behind. They fall behind together, when there is more to tell than the service
 * and its readers can bear, so a page that one of them has needed is kept for the others for a while, and the page behind it is
 * read while it is being sent. One page is read at a time: the database is there for the orders first.
 */
export class OlderPages {
  readonly #read: (after: Checkpoint) => Promise<FedPage>
  #kept: Kept[] = []
  /** The reading that is under way, and every one that waits for it. */
  #last: Promise<unknown> = Promise.resolve()
  readonly #underWay = new Map<string, Promise<FedPage>>()

  /** @param read reads the page behind a checkpoint */
  constructor(read: (after: Checkpoint) => Promise<FedPage>) {
    this.#read = read
  }

  /** The events behind a checkpoint; without any, with the checkpoint that the reader has come to all the same. */
  async after(checkpoint: Checkpoint): Promise<FedPage> {
    const page = this.#find(checkpoint) ?? (await this.#fetch(checkpoint))
    // The reader of this page wants the next one soon. If it cannot be read, its reader meets the error.
    if (page.events.length > 0 && this.#find(page.checkpoint) === undefined)
      this.#fetch(page.checkpoint).catch(() => undefined)
    return page
  }

  /** Reads something else of the log in its turn: of all that is behind one thing is read at a time. */
  inTurn<Result>(read: () => Promise<Result>): Promise<Result> {
    const reading = this.#last.catch(() => undefined).then(read)
    this.#last = reading
    return reading
  }

  /** Drops all pages. */
  forget(): void {
    this.#kept = []
  }

  #find(checkpoint: Checkpoint): FedPage | undefined {
    const kept = this.#kept.find(
      ({ from, page }) =>
        compareCheckpoints(from, checkpoint) <= 0 && compareCheckpoints(checkpoint, page.checkpoint) < 0,
    )
    return kept && { events: behind(kept.page.events, checkpoint), checkpoint: kept.page.checkpoint }
  }

  #fetch(checkpoint: Checkpoint): Promise<FedPage> {
    const key = `${checkpoint.xid}-${checkpoint.position}`
    const known = this.#underWay.get(key)
    if (known !== undefined) return known
    const reading = this.inTurn(async () => {
      const page = this.#find(checkpoint) ?? (await this.#read(checkpoint))
      if (page.events.length > 0) this.#kept = [...this.#kept.slice(1 - pagesMax), { from: checkpoint, page }]
      return page
    }).finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, reading)
    return reading
  }
}

/** The events behind a checkpoint, of events in the order of the log. */
export function behind(events: readonly FedEvent[], checkpoint: Checkpoint): readonly FedEvent[] {
  let low = 0
  for (let high = events.length; low < high; ) {
    const middle = (low + high) >> 1
    const event = events[middle]
    if (event !== undefined && compareCheckpoints(event.checkpoint, checkpoint) <= 0) low = middle + 1
    else high = middle
  }
  return low === 0 ? events : events.slice(low)
}
