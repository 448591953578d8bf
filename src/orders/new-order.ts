import type { Violation } from '../errors.ts'
import type { KeptAnswer } from '../platform/idempotency/queries.ts'
import type { DocumentValues } from './document-columns.ts'
import type { OrderState } from './order.ts'

/** Orders on their way into the database. */

/**
 * An order that keeps the contract: its document as text, and the values that columns are filled with. Thousands wait at a time,
 * and parsed documents would take three times the memory.
 */
export type ValidOrder = DocumentValues & {
  /** The document as compact JSON: what is stored, sent on and returned. */
  json: string
  /** Whether it arrives paid: see `arrivesPaid`. */
  isPaid: boolean
  /** The payment provider, as the document names it. */
  provider: string
  lines: readonly OrderLine[]
  /** Whether its items have several track_numbers. */
  isInParcels?: boolean
  /**
   * The rules that it breaks of those that stored orders may break (`checkNewRules`). Such an order is not placed; one that is
   * stored already is a duplicate like any other.
   */
  newViolations?: readonly Violation[]
  /** The trace of its request or message (W3C Trace Context): not part of the order, but of its event. */
  traceparent?: string
  /** Makes the answer to its request, which is stored by the transaction that places it. */
  keepAnswer?: (placed: NewOrder) => KeptAnswer
  /** What modules have attached for their parts of the placement, by name: see `declareAttachment`. */
  attached?: Readonly<Record<string, unknown>>
}

/** The numbers of an item that are stored in columns. Amounts in the currency's minor unit. */
export type OrderLine = { chrtId: number; nmId: number; price: number; sale: number; totalPrice: number }

/** An order that is to be written for the first time. */
export type NewOrder = {
  order: ValidOrder
  state: OrderState
  placedAt: Date
  /** Its place in the group: 0 is the order that came first. */
  arrival: number
  /** Why it is put on hold with its placement, and by whom; absent for nearly every order. */
  hold?: { reason: string; actor: string }
}
