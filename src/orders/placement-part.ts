import type { catalogue, ErrorCode, Violation } from '../errors.ts'
import type { Copy } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import type { NewOrder } from './new-order.ts'

/** A code that an order can be rejected with: trying again later does not help. */
export type RejectionCode = {
  [Code in ErrorCode]: (typeof catalogue)[Code]['consumer'] extends 'dead-letter' ? Code : never
}[ErrorCode]

/** What a part says of an order before it is written. */
export type PlacementDecision =
  | { kind: 'accepted' }
  /**
   * Places the order and puts it on hold in the same transaction, with the event and the entry in its history that `hold`
   * always makes. Only for an order that arrives paid: any other cannot be put on hold.
   */
  | { kind: 'held'; reason: string; actor: string }
  /** Stores nothing of the order. @param detail a sentence for the sender, without secrets or recipient data; violations: its places */
  | { kind: 'rejected'; code: RejectionCode; detail: string; violations?: readonly Violation[] }

/**
 * What one module adds to the transaction that places orders. The list of parts is given to `createIntakeStore`, so a module
 * adds rows and decisions without a change to the intake.
 */
export type PlacementPart = {
  /** The rows that belong to orders which are placed. Called again when the transaction is repeated, so it must be pure. */
  rows?(placed: readonly NewOrder[]): Copy[]
  /**
   * Changes of other rows that belong to orders which are placed, of a part that has decided: they are sent together with the rows. Nobody
   * reads their answers.
   */
  updates?(placed: readonly NewOrder[]): readonly Statement<undefined>[]
  /**
   * Decides on a group of new orders, in the transaction that writes them and before their rows. It should take one statement
   * for the whole group and lock rows in a fixed order, since several groups are decided at a time.
   *
   * Orders that are stored already and repetitions within the group are not in it. If the transaction fails, what was
   * changed here is rolled back with it, and the group is decided again.
   *
   * @param orders sorted by uid; their `arrival` says in which order they came
   * @param isCertain whether the decision must hold until the commit: otherwise `settle` may find that it does not
   * @returns a decision for each of them, in their order
   */
  decide?(client: PoolClient, orders: readonly NewOrder[], isCertain: boolean): Promise<readonly PlacementDecision[]>
  /** Whether there is something to settle. */
  settles?(placed: readonly NewOrder[]): boolean
  /**
   * Carries out behind the rows, right before the commit, what `decide` has foreseen: what it locks is locked for a short time, and
   * nothing is waited for afterwards.
   *
   * @param placed in the state that was decided on
   * @returns rows that come with the commit
   * @throws DecisionChangedError when it is not possible any more; nothing stays of the transaction, and the group is decided again
   */
  settle?(client: PoolClient, placed: readonly NewOrder[]): Promise<Copy[]>
  /**
   * The same as statements that are sent together with the rows and the commit: what they lock is locked until then, and no longer. Nobody
   * reads their answers, so they raise an error when it is not possible any more.
   */
  closing?(placed: readonly NewOrder[]): readonly Statement<undefined>[]
  /** Whether an error is that of such a statement: nothing stays of the transaction, and the group is decided again. */
  isChangedBy?(error: unknown): boolean
  /** Whether there is something to decide on in a group; always unless given. A group of which no part decides takes two round trips less. */
  concerns?(orders: readonly NewOrder[]): boolean
  /** Whether it locks streams of its own, which must come before the transaction's first write: it decides before parts that do not. */
  decidesFirst?: true
  /** Spares a group the round trips of `decide` for as long as that would accept every order. */
  shortcut?: PlacementShortcut
  /** The codes that `decide` rejects with. Dead letters with these are replayed as orders. */
  rejectsWith?: readonly RejectionCode[]
}

/** What a part has foreseen of a group is not possible any more. */
export class DecisionChangedError extends Error {
  override readonly name = 'DecisionChangedError'
}

/** How a part lets a group be placed without a decision. */
export type PlacementShortcut = {
  /** Whether it is to be tried. */
  isOpen(): boolean
  /** Runs behind the rows, in the same transaction and message: raises an error unless `decide` would accept any order. */
  statement: string
  /** Whether an error is that one. The group is decided on then, and the shortcut is not open any more. */
  isClosedBy(error: unknown): boolean
}

/** The codes that parts reject orders with. */
export function rejectionCodesOf(parts: readonly PlacementPart[]): RejectionCode[] {
  return parts.flatMap(({ rejectsWith = [] }) => rejectsWith)
}
