import type { Pool } from './platform/postgres.ts'
import type { Naming } from './whom.ts'

/** What an export of a customer has of a module's tables, by table. Every table of the module stands here, so that none can be forgotten. */
export type ExportPart = Readonly<Record<string, ExportedTable>>

/** Where the rows of a table stand in an export, or why they do not. */
export type ExportedTable =
  | ByOrder
  | ByCustomer
  | Readonly<{ search: ExportSearch }>
  /** They are part of what is exported of another table. */
  | Readonly<{ within: string }>
  | Readonly<{ leftOut: string }>

/** With the order that they belong to. */
export type ByOrder = Readonly<{
  by: 'order'
  /** SQL of the rows of the orders `$1`, with the column `order_uid`; without it the table has that, and an index that begins with it. */
  rows?: string
}>

/** With the customer that they name. */
export type ByCustomer = Readonly<{
  by: 'customer'
  /** A unique column of text, in whose order they are read. */
  key: string
  /** SQL that an index serves; `$1` is the customer's id. */
  condition: string
}>

/** Finds rows that no index leads to, and gives each as JSON. */
export type ExportSearch = (pool: Pool, naming: Naming) => AsyncIterable<string>
