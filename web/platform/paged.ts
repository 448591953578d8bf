import { signal } from '@preact/signals'
import { nextPage, request } from './api.ts'

/** The most pages without entries that are skipped at a time: where few entries pass a filter, such a page is not the last. */
const skippedMax = 100

/** A list of the API, newest first, loaded page by page on demand. */
export class PagedList<Row extends { id: string }> {
  readonly address: string
  /** Undefined until the first page is there. */
  readonly rows = signal<readonly Row[] | undefined>(undefined)
  readonly isLoading = signal(false)
  readonly failure = signal<unknown>(undefined)
  readonly isComplete = signal(false)
  readonly #rowsOf: (text: string) => readonly Row[]
  #next: string | undefined

  /** @param address of the first page; rowsOf: parses a page, as JSON if left out */
  constructor(address: string, rowsOf: (text: string) => readonly Row[] = text => JSON.parse(text) as Row[]) {
    this.address = address
    this.#rowsOf = rowsOf
    this.#next = address
  }

  /** Reads the next page, unless one is being read or all are there. */
  async more(): Promise<void> {
    const address = this.#next
    if (this.isLoading.peek() || address === undefined) return
    await this.#read(address, rows => [...(this.rows.peek() ?? []), ...rows])
  }

  /** Starts over; what is shown stays until the first page has arrived. */
  async renew(): Promise<void> {
    await this.#read(this.address, rows => rows)
  }

  /**
   * Reads the first page again and puts it before the pages that were read further down, if it overlaps with them. New entries only
   * appear at the front.
   */
  async refresh(): Promise<void> {
    const known = this.rows.peek()
    if (known === undefined || this.isLoading.peek()) return
    const next = this.#next
    const wasComplete = this.isComplete.peek()
    await this.#read(
      this.address,
      rows => {
        // The first page is the whole list now: what it does not have is gone.
        if (this.#next === undefined) return rows
        const last = rows.at(-1)
        const at = last === undefined ? -1 : known.findIndex(({ id }) => id === last.id)
        // What is known was found further down.
        const isFurther = last === undefined
        if (at === -1 && !isFurther) return rows
        this.#next = next
        this.isComplete.value = wasComplete
        return [...rows, ...known.slice(at + 1)]
      },
      0,
    )
  }

  /** Replaces an entry by a newer version of it. */
  replace(row: Row): void {
    this.rows.value = this.rows.peek()?.map(other => (other.id === row.id ? row : other))
  }

  async #read(address: string, join: (rows: readonly Row[]) => readonly Row[], skipped = skippedMax): Promise<void> {
    this.isLoading.value = true
    try {
      let [rows, next] = await this.#page(address)
      for (let left = skipped; rows.length === 0 && next !== undefined && left > 0; left -= 1)
        [rows, next] = await this.#page(next)
      this.#next = next
      this.isComplete.value = this.#next === undefined
      this.rows.value = join(rows)
      this.failure.value = undefined
    } catch (error) {
      this.failure.value = error
    } finally {
      this.isLoading.value = false
    }
  }

  async #page(address: string): Promise<[rows: readonly Row[], next: string | undefined]> {
    const response = await request(address)
    return [this.#rowsOf(await response.text()), nextPage(response)]
  }
}
