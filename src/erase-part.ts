import type { Pool, PoolClient } from './platform/postgres.ts'
import type { Naming, Whom } from './whom.ts'

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
  /** Those of some streams that belong to whom is erased, where the streams of the module concern no order. */
  streamsOf?: (client: PoolClient, whom: Whom, streams: readonly StreamName[]) => Promise<readonly StreamName[]>
  /** The orders that words of a message name by something that the module knows, such as the number of a parcel; by the words. */
  ordersNamedBy?: (
    client: Pool | PoolClient,
    words: readonly string[],
  ) => Promise<ReadonlyMap<string, readonly string[]>>
}>

/** A stream of the log. */
export type StreamName = Readonly<{ type: string; id: string }>

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
export type Erasing = Naming &
  Readonly<{
    /** Milliseconds since 1970 by the clock of the database. */
    nowMs: number
    /** Why, and by whom. */
    reason: string
    actor: string
    /** Those of some streams that belong to whom is erased and concern no order. */
    streamsOf(client: PoolClient, streams: readonly StreamName[]): Promise<readonly StreamName[]>
    /** Has every module erase what it has of orders, which this transaction has locked. @param orderUids sorted */
    eraseOfOrders(client: PoolClient, orderUids: readonly string[]): Promise<void>
    /** Characters of which a JSON text has one that tells of the recipients. */
    marks: readonly string[]
    /** A JSON text without the recipients; undefined when it has none. */
    redact(json: string): string | undefined
  }>
