import type { EventDefinition } from './events/definition.ts'
import type { StreamDefinition } from './events/stream-definition.ts'
import type { PlacementPart } from './orders/placement-part.ts'
import type { Channel } from './platform/asyncapi.ts'
import type { Check, Inspection } from './platform/integrity.ts'
import type { Variable } from './platform/variables.ts'

/**
 * What a module is: a value that says everything it brings to the service. `modules.ts` lists all of them, and what works on every
 * module (the app, Kafka, the configuration, `doctor`, backup, `verify`, the audit, the documents, the tests) reads that list. Only
 * the name and the title are needed.
 */
export type Module = Readonly<{
  /** The name of its folder. */
  name: string
  /** What it is called in the documentation. */
  title: string
  tables?: readonly Table[]
  /** The kinds of streams that its events belong to. */
  streams?: readonly StreamDefinition[]
  /** The types of events that it records. */
  events?: readonly EventDefinition[]
  /** Environment variables, but for those of topics. */
  variables?: readonly Variable[]
  topics?: readonly Topic[]
  /** What it adds to the transaction that places orders: rows, and decisions on each order. */
  placement?: readonly PlacementPart[]
  /** What must hold of its tables. */
  checks?: readonly Check[]
  /** The same for what takes more than a statement. */
  inspections?: readonly Inspection[]
  /**
   * Common table expressions, each with its comma, that stand for its tables under their own names and hold the newest rows only.
   * The audit runs checks behind them.
   */
  newest?: string
  /** Scopes that an API key can have for its routes. */
  scopes?: readonly string[]
  /** What the tags of its routes group, by tag. */
  tags?: Readonly<Record<string, string>>
  /** Schemas of AsyncAPI by name. Those of OpenAPI are found where an operation shows them. */
  messageSchemas?: (catalogue: Catalogue) => Readonly<Record<string, unknown>>
  /** The ways of its messages beside Kafka, for AsyncAPI. */
  channels?: (catalogue: Catalogue) => readonly Channel[]
}>

/** A table: what orders its rows, so that two exports of one state are the same; or why it is left out of an export. */
export type Table = Readonly<{ name: string } & ({ order: string } | { leftOut: string })>

/** A topic of Kafka. */
export type Topic = Readonly<{
  /** What the service does with it, for a person: `orders in`. */
  name: string
  /** Its name. */
  variable: Variable<string>
  direction: 'in' | 'out'
  /** How AsyncAPI describes it. @param address its name */
  channel: (address: string, catalogue: Catalogue) => Channel
}>

/** What all modules of a service bring together. */
export type Catalogue = Readonly<{
  streams: readonly StreamDefinition[]
  events: readonly EventDefinition[]
  scopes: readonly string[]
}>
