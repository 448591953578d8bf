import type { MessageHandler } from './dead-letters/message-handler.ts'
import type { ErasePart } from './erase-part.ts'
import type { ExportPart } from './export-part.ts'
import type { EventDefinition } from './events/definition.ts'
import type { Notifier } from './events/notifier.ts'
import type { ReadOwing } from './events/partitions.ts'
import type { ReaderThrottle } from './events/reader-throttle.ts'
import type { EventLog, StreamDefinition } from './events/stream-definition.ts'
import type { PlacementPart } from './orders/placement-part.ts'
import type { StatusChangePart } from './orders/status-change-part.ts'
import type { PaymentHooks } from './payments/hooks.ts'
import type { Channel } from './platform/asyncapi.ts'
import type { AccessCheck, HttpRequest, Route } from './platform/http.ts'
import type { Check, Inspection } from './platform/integrity.ts'
import type { Publisher } from './platform/kafka/publisher.ts'
import type { OutgoingMessage } from './platform/kafka/record-batch.ts'
import type { Lease } from './platform/leadership.ts'
import type { Logger } from './platform/log.ts'
import type { Registry } from './platform/metrics.ts'
import type { Pool, PoolClient, PostgresAddress } from './platform/postgres.ts'
import type { Tracer } from './platform/tracing.ts'
import type { Setting, Values, Variable } from './platform/variables.ts'
import type { ReturnHooks } from './returns/hooks.ts'
import type { Probe } from './system/health.ts'
import type { Lags } from './system/views.ts'
import type { WriteWatch } from './system/write-watch.ts'
import type { TrackingPart } from './tracking/tracking-part.ts'

/**
 * What a module is: a value that says everything it brings to the service. `modules.ts` lists all of them, and what works on every
 * module (the app, Kafka, the configuration, `doctor`, backup, `verify`, the audit, the documents, the tests) reads that list. Only
 * the name and the title are needed.
 */
export type Module = Readonly<{
  /** The name of its folder. */
  name: string
  /** The modules whose files it may import; they stand before it in the list. */
  buildsOn?: readonly string[]
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
  /** What it adds to the transaction that places orders: rows, and decisions on each order. A function is called once a service. */
  placement?: readonly PlacementPart[] | ((context: Context) => readonly PlacementPart[])
  /** Reads which readers of the log owe events: have passed them, and keep them for later. */
  owing?: ReadOwing
  /** What it erases of customers; a module that has tables says so. */
  erase?: ErasePart
  /** What an export of a customer has of it; a module that has tables says so. */
  exports?: ExportPart
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
  /** Starts what runs of it. Nothing is connected yet, and nothing may be asked of the database. */
  start?: (context: Context) => Running
}>

/** A table: what orders its rows, so that two exports of one state are the same; or why it is left out of an export. */
export type Table = Readonly<{ name: string } & ({ order: string } | { leftOut: string })>

/** A topic of Kafka. */
export type Topic = Readonly<{
  /** What the service does with it, for a person: `orders in`. */
  name: string
  /** Its name. */
  variable: Variable<string>
  /** How AsyncAPI describes it. @param address its name */
  channel: (address: string, catalogue: Catalogue) => Channel
  /** How its messages are consumed; undefined: the service writes to it. A module that consumes it has a handler. */
  consumed?: Consumption
}>

/** How the messages of a topic are consumed. */
export type Consumption = Readonly<{
  /** What the consumer group is called behind KAFKA_GROUP_ID; the empty text for the group itself. */
  groupSuffix: string
  batchMessagesMax: number
  /** How many batches may be handled at once (4). */
  batchesInFlightMax?: number
  /** How many bytes may wait to be handled before fetching pauses (8 MiB). */
  backlogBytesMax?: number
  /** The gauge of its messages that are not committed, by partition. */
  lagGauge?: string
}>

/** What all modules of a service bring together. */
export type Catalogue = Readonly<{
  streams: readonly StreamDefinition[]
  events: readonly EventDefinition[]
  scopes: readonly string[]
}>

/** What a module is started with. */
export type Context = Readonly<{
  modules: readonly Module[]
  catalogue: Catalogue
  pool: Pool
  /** A few connections for what has to go on while all others are in use. */
  systemPool: Pool
  /** Shares of the connections: for commands, for lists and other long reads, and for reads of one thing. */
  pools: { commands: Pool; lists: Pool; single: Pool }
  /** The log, and the streams of all modules; to be read once all are started. */
  eventLog: EventLog
  /** For connections of one's own. */
  address: PostgresAddress
  value: Values['value']
  /** Every variable as it is set, for people. */
  settings: readonly Setting[]
  log: Logger
  /** Milliseconds since 1970 by the clock of the database, which is the same for all instances. */
  now: () => number
  /** Whether that time can be relied on: otherwise nothing is removed or ended because of its age. */
  isClockRight: () => boolean
  registry: Registry
  /** Undefined: nothing is traced. */
  tracer: Tracer | undefined
  /** Whether this instance hears within a second of what others change; without it nothing is read from memory. */
  isInStep: (nowMs?: number) => boolean
  isStopping: () => boolean
  /** Whether only this machine can reach the service. */
  isLocal: boolean
  /** The path that a proxy in front leaves on, such as `/shop`; '' for none. */
  basePath: string
  /** Where the own database is or would be: the disk that is watched. */
  dataDir: string
  probes: Readonly<Record<string, Probe>>
  /** Notes whether writes of orders succeed. */
  writes: WriteWatch | undefined
  /** Notified when the log has grown, by this instance or another. */
  logGrown: Notifier
  /** Keeps the readers of the log from taking what the intake needs. */
  throttle: ReaderThrottle
  /** Undefined without Kafka. */
  messaging: Messaging | undefined
  /** Lets a test stop the service at a point of a payment; undefined otherwise. */
  paymentHooks?: PaymentHooks | undefined
  /** The same at a point of a return's refund. */
  returnHooks?: ReturnHooks | undefined
  /** What runs of all modules; to be asked once all are started. */
  running: () => readonly Running[]
  /** The OpenAPI and AsyncAPI documents; to be asked once all modules are started. */
  documents: () => Documents
}>

export type Documents = Readonly<{ openApi: Record<string, unknown>; asyncApi: Record<string, unknown> }>

/** The way to Kafka. */
export type Messaging = Readonly<{
  /** Sends a message to a topic, within a span. @param cause the trace that it belongs to. @throws AppError KAFKA_UNAVAILABLE */
  send(topic: Variable<string>, message: OutgoingMessage, cause: string | undefined): Promise<void>
  /** A publisher; of all with this name brokers take messages from the one that connected last. It is closed with the service. */
  publisher(fencedAs: string): Publisher
  /** Messages that this instance has still to handle. */
  messagesBehind(): number
}>

/** What runs of a module. Its metrics are in the registry. */
export type Running = Readonly<{
  routes?: readonly Route[]
  /** One for each topic that is consumed. */
  handlers?: readonly TopicHandler[]
  workers?: readonly Worker[]
  /** What it does in the transaction of a command or the expiry that changes the status of orders. */
  statusChanges?: readonly StatusChangePart[]
  /** What it does in the transaction of reports of carriers that change the state of parcels. */
  tracking?: readonly TrackingPart[]
  /** Which of some orders keep the stock that they have reserved although they are unpaid: a payment of the order is under way. */
  findUnderPayment?: (client: PoolClient, orderUids: readonly string[]) => Promise<readonly string[]>
  /** A page beside the web UI, which links to it: what it is called, and its address below the base path. */
  page?: Readonly<{ title: string; path: string }>
  /** The orders that it knows by the tracking number of a parcel, for lists of orders: few. */
  findTracked?: (pool: Pool, number: string) => Promise<readonly string[]>
  /** Channels of PostgreSQL that it listens to. */
  notifications?: readonly { channel: string; onNotify: (message: string) => void }[]
  /** Is called when notifications arrive again: some may have been missed. */
  onInStep?: () => void
  /** Publishes a portion of what goes out beside events, by the publisher and the lease of the relay. @returns how much; 0: no more */
  publish?: (publisher: Publisher, lease: Lease) => Promise<number>
  /** Is called when the database went back in time: what is in memory may be gone there. */
  onRestored?: () => void
  /** What must be done before the service serves. @throws what keeps it from starting */
  prepare?: () => Promise<void>
  /** Ends requests that last, such as streams: the service stops. */
  endStreams?: () => void
  /** Finishes what was accepted; nothing more is. @param deadlineMs how long that may take */
  drain?: (deadlineMs: number) => Promise<unknown>
  /** Closes connections, last of all. */
  close?: () => void
  /** Who may call the service; one module of the list says so. */
  access?: Readonly<{ allows: AccessCheck; callerOf: (request: HttpRequest) => string; isOpen: () => boolean }>
  /** How far its readers are behind; each is asked by itself, and one that fails or hangs tells nothing. */
  lags?: readonly (() => Promise<Partial<Lags>>)[]
  /** Its kinds of streams with what is in memory; those of the module unless given. */
  streams?: readonly StreamDefinition[]
}>

/** Handles the messages of a topic, from Kafka and from replayed dead letters. */
export type TopicHandler = Readonly<{
  topic: Variable<string>
  /** What comes by the topic, for the log: `orders`. */
  what: string
  handler: MessageHandler
  /** Counts messages from Kafka by outcome, or by the code of their dead letter. */
  count?: (outcome: string, messages: number) => void
}>

/** Work that goes on for as long as the service runs. */
export type Worker = Readonly<{
  name: string
  /** Works until told to stop; survives every outage. */
  run(stop: AbortSignal): Promise<void>
}>

/** The scopes that an API key can have. */
export function scopesOf(listed: readonly Module[]): string[] {
  return listed.flatMap(({ scopes = [] }) => scopes)
}
