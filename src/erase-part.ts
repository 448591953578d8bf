import type { PoolClient } from './platform/postgres.ts'

/** What a module erases of a customer whose recipients are erased. */
export type ErasePart = Readonly<{
  /**
   * The columns that may hold something about a recipient, by table, which `steps` and `ofOrders` empty. Every table of the module stands
   * here: one that has none says so, so that a new table cannot be forgotten.
   */
  columns: Readonly<Record<string, readonly string[]>>
  /** Erases what it has of orders, in the transaction that has locked them. @param orderUids sorted */
  ofOrders?: (client: PoolClient, orderUids: readonly string[], nowMs: number) => Promise<void>
  /** What is found in other ways, table by table. */
  steps?: readonly EraseStep[]
}>

/** A walk through a table. */
export type EraseStep = Readonly<{
  /** Is stored, so it stays the same from version to version; often the table. */
  name: string
  /**
   * Erases a portion in an open transaction that has written nothing yet. It may come twice to the same place, and erases nothing twice.
   *
   * @param position where the last portion ended; empty at the beginning
   */
  run(client: PoolClient, erasing: Erasing, position: string): Promise<ErasedPortion>
}>

export type ErasedPortion = Readonly<{
  /** How many it has erased. */
  erased: number
  /** Where the next portion begins; undefined behind the last. */
  next: string | undefined
  /** Others have locked what is left here: the next portion waits a moment. */
  isBusy?: boolean
}>

/** Whom an erasure is about, and what the modules need for it. */
export type Erasing = Readonly<{
  customerId: string
  /** Milliseconds since 1970 by the clock of the database. */
  nowMs: number
  /** Why, and by whom. */
  reason: string
  actor: string
  /** Those of some orders that are the customer's. */
  ordersOf(client: PoolClient, orderUids: readonly string[]): Promise<ReadonlySet<string>>
  /** Has every module erase what it has of orders, which this transaction has locked. @param orderUids sorted */
  eraseOfOrders(client: PoolClient, orderUids: readonly string[]): Promise<void>
  /** A JSON text without the customer's recipients; undefined when it has none. */
  redact(json: string): string | undefined
}>
