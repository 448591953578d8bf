import type { Pool, PoolClient } from './platform/postgres.ts'

/** Who is erased or exported: a customer with all orders, or one order, such as a guest's. One of them is given. */
export type Whom = Readonly<{ customerId: string; orderUid: undefined } | { customerId: undefined; orderUid: string }>

/** Finds out what names a customer or an order. */
export type Naming = Readonly<{
  whom: Whom
  /** Those of some orders that are meant. */
  ordersOf(client: Pool | PoolClient, orderUids: readonly string[]): Promise<ReadonlySet<string>>
  /** Those of the words of messages that name an order which is meant. */
  wordsOf(client: Pool | PoolClient, words: readonly string[]): Promise<ReadonlySet<string>>
}>
