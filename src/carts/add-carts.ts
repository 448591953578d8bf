import { AppError } from '../errors.ts'
import { copyOfEvents, type NewEvent, notifyOfEvents } from '../events/append.ts'
import { copyInto } from '../platform/copy.ts'
import { createGroupedWriter, type GroupedWriter } from '../platform/grouped-writer.ts'
import { copyOfAnswers, type KeptAnswer } from '../platform/idempotency/queries.ts'
import { type Pool, withConnection } from '../platform/postgres.ts'
import type { Cart } from './cart.ts'
import type { Facts, FactsReader } from './facts.ts'
import type { RememberedCarts } from './remembered-carts.ts'
import { cartsTable } from './rows.ts'

export type CartAdderOptions = Readonly<{
  pool: Pool
  now: () => number
  readFacts: FactsReader
  remembered: RememberedCarts
  /** Called after a commit that has written events. */
  onEvents: () => void
}>

/** A cart that is created. */
export type NewCartRequest<Result> = Readonly<{
  cartId: string
  /** Makes the cart. Pure. @param facts without items: it is empty */
  make(facts: Facts, nowMs: number): NewCart<Result>
}>

export type NewCart<Result> = Readonly<{
  result: Result
  cart: Cart
  event: NewEvent
  /** The answer to the request that caused it, which is stored with it. */
  keep: KeptAnswer | undefined
}>

/** Creates carts that come at the same time by one transaction, in one round trip: nobody knows them yet, so they need no lock. */
export function createCartAdder(
  options: CartAdderOptions,
  limits: Readonly<{ groupMax: number; writersMax: number; waitingMax: number }>,
): GroupedWriter<NewCartRequest<unknown>, unknown> {
  const { pool, now, readFacts, remembered, onEvents } = options
  return createGroupedWriter<NewCartRequest<unknown>, unknown>({
    what: 'new carts',
    keyOf: ({ cartId }) => cartId,
    async writeGroup(requests) {
      const made = await withConnection(pool, async client => {
        const facts = await readFacts(client, [], {})
        const nowMs = now()
        const made = requests.map(({ make }) => make(facts, nowMs))
        const kept = copyOfAnswers(made.flatMap(({ keep }) => keep ?? []))
        const copies = [
          cartsTable.copyOf(made.map(({ cart }) => cart)),
          copyOfEvents(made.map(({ event }) => event)),
          kept,
        ]
        await copyInto(
          client,
          copies.filter(({ items }) => items > 0),
          notifyOfEvents,
        )
        return made
      })
      remembered.keep(made.map(({ cart }) => cart))
      onEvents()
      return made.map(({ result }) => ({ kind: 'done', result }))
    },
    ...limits,
    busyError: () => new AppError('CHECKOUT_IN_PROGRESS', 'another transaction has the cart'),
  })
}
