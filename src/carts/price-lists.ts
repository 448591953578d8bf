import type { Pool } from '../platform/postgres.ts'
import { readMethods, readRates, type StoredMethod, type StoredRate } from './price-list-queries.ts'
import { type TaxTable, taxTableOf } from './tax-rate.ts'

/** The delivery methods and tax rates as of one moment. */
export type Lists = Readonly<{
  /** By their names, in order. */
  methods: ReadonlyMap<string, StoredMethod>
  /** By their ids, in order. */
  rates: ReadonlyMap<string, StoredRate>
  taxes: TaxTable
}>

/**
 * Keeps the delivery methods and tax rates in memory, since every price needs them. What was read counts as current while no change is
 * known and this instance hears of changes; otherwise it is read again for each request.
 */
export class PriceLists {
  readonly #pool: Pool
  readonly #isInStep: () => boolean
  #changes = 0
  #read: { lists: Lists; changes: number } | undefined
  #reading: { lists: Promise<Lists>; changes: number } | undefined

  /** @param isInStep whether this instance hears within a second of what others change */
  constructor(pool: Pool, isInStep: () => boolean) {
    this.#pool = pool
    this.#isInStep = isInStep
  }

  /** Notes that the lists have changed, or may have. */
  noteChange(): void {
    this.#changes += 1
  }

  /** The lists as they are now. @throws the database's error when they have to be read */
  current(): Lists | Promise<Lists> {
    const known = this.#read
    if (known !== undefined && known.changes === this.#changes && this.#isInStep()) return known.lists
    if (this.#reading?.changes === this.#changes) return this.#reading.lists
    const changes = this.#changes
    const reading = { lists: this.#readAll(changes), changes }
    const forget = () => {
      if (this.#reading === reading) this.#reading = undefined
    }
    this.#reading = reading
    reading.lists.then(forget, forget)
    return reading.lists
  }

  async #readAll(changes: number): Promise<Lists> {
    const [methods, rates] = await Promise.all([readMethods(this.#pool), readRates(this.#pool)])
    const lists = {
      methods: new Map(methods.map(method => [method.method, method])),
      rates: new Map(rates.map(rate => [rate.rateId, rate])),
      taxes: taxTableOf(rates),
    }
    if (changes >= (this.#read?.changes ?? 0)) this.#read = { lists, changes }
    return lists
  }
}
