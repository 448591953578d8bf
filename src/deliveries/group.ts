import { AppError } from '../errors.ts'
import {
  lockOrderStock,
  nothingReserved,
  type OrderStock,
  saveStock,
  type StockMoves,
} from '../inventory/order-stock.ts'
import { notFound } from '../orders/commands.ts'
import { findStored } from '../orders/queries.ts'
import type { StatusChangePart } from '../orders/status-change-part.ts'
import { createGroupedWriter, type Outcome } from '../platform/grouped-writer.ts'
import type { KeptAnswer } from '../platform/idempotency/queries.ts'
import { type Pool, type PoolClient, withConnection } from '../platform/postgres.ts'
import { findErased } from '../orders/erasing.ts'
import { attachParcels } from '../tracking/attach.ts'
import { eraseLockedWords } from '../tracking/erasing.ts'
import { lockNumbers } from '../tracking/parcel-queries.ts'
import type { OrderShipments, ShipmentChange } from './changes.ts'
import { attachmentsOf } from './attachments.ts'
import { withArrivals, withNews } from './decide-news.ts'
import { beginWithShipments } from './load.ts'
import { type OrderItem, itemsOf } from './order-items.ts'
import { type ChangedOrder, type DecidedOrder, type SavedChanges, saveAndCommit } from './save.ts'

/** The one way to change shipments by requests: those that come at the same time are decided and saved by one transaction. */
export type ShipmentWriter = Readonly<{
  /**
   * Locks an order, loads its shipments, decides, and saves what was decided.
   *
   * @returns the decision's result, when it is durable
   * @throws what `decide` throws; AppError ORDER_NOT_FOUND, ORDER_LOCKED when another transaction keeps the order, OVERLOADED; the
   *   database's error, after which it is not known whether it was saved
   */
  change<Result>(request: ShipmentRequest<Result>): Promise<Result>
  /** Resolves when nothing is being written any more, or after the deadline. */
  close(deadlineMs: number): Promise<void>
}>

/** What a decision is made by beside the order's shipments. */
export type Facts = Readonly<{
  /** The items of the order's document; none unless they are wanted. */
  items: readonly OrderItem[]
  /** The stock of what is in the order's shipments, and what is reserved of it, as the decisions before it have left them. */
  stock: OrderStock
  nowMs: number
}>

export type ShipmentRequest<Result> = Readonly<{
  orderUid: string
  /** Whether it needs the items of the document. */
  wantsItems?: boolean
  /** Tracking numbers that it may add. */
  numbers?: readonly string[]
  /** Whether it may move stock: the items of the order's shipments are locked. */
  movesStock?: boolean
  /** Decides. Called again when the transaction is repeated, so it must be pure. */
  decide(before: OrderShipments, facts: Facts): ShipmentDecision<Result>
}>

export type ShipmentDecision<Result> = Readonly<{
  result: Result
  /** One after another. */
  changes: readonly ShipmentChange[]
  stock?: StockMoves | undefined
  /** The answer to the request that caused it, which is stored with it. */
  keep?: KeptAnswer | undefined
}>

export type ShipmentWriterOptions = Readonly<{
  pool: Pool
  now: () => number
  /** At how many available units items are low that have no number of their own. */
  lowStockDefault: number
  /** What other modules do when a delivery completes orders. */
  parts: () => readonly StatusChangePart[]
  /** Called after the commit, before the senders know. */
  onCommitted: (saved: readonly SavedChanges[], changed: readonly ChangedOrder[]) => void
}>

/** The most orders that one transaction handles, how many transactions there are at a time, and how many requests wait. */
const limits = { groupMax: 64, writersMax: 2, waitingMax: 2_000 }

export function createShipmentWriter(options: ShipmentWriterOptions): ShipmentWriter {
  const writer = createGroupedWriter<ShipmentRequest<unknown>, unknown>({
    what: 'changes of shipments',
    keyOf: ({ orderUid }) => orderUid,
    writeGroup: requests => writeGroup(options, requests),
    ...limits,
    busyError: () => new AppError('ORDER_LOCKED', 'another transaction has the order'),
  })
  return {
    change: <Result>(request: ShipmentRequest<Result>) => writer.write(request) as Promise<Result>,
    close: deadlineMs => writer.close(deadlineMs),
  }
}

type Decided = Readonly<{ outcome: Outcome<unknown>; saved?: DecidedOrder; keep?: KeptAnswer | undefined }>

/** Locks, loads, decides and saves the orders of a group in one transaction. */
async function writeGroup(
  { pool, now, lowStockDefault, parts, onCommitted }: ShipmentWriterOptions,
  requests: readonly ShipmentRequest<unknown>[],
): Promise<Outcome<unknown>[]> {
  const { decided, saved, changed } = await withConnection(pool, async client => {
    const orderUids = requests.map(({ orderUid }) => orderUid).toSorted()
    const { orders, busy } = await beginWithShipments(client, orderUids)
    const loaded = new Map(orders.map(one => [one.order.orderUid, one]))
    const items = await readItems(client, requests, loaded)
    // Orders are locked first, then numbers, then items.
    await lockNumbers(
      client,
      requests.flatMap(({ numbers = [] }) => numbers),
    )
    const before = await lockStock(client, requests, loaded)
    const nowMs = now()
    const { decided, stock, movements } = decideAll(requests, { loaded, busy: new Set(busy), items, before, nowMs })
    await saveStock(client, { before, after: stock, movements }, { nowMs, lowStockDefault })
    const saved = await follow(
      client,
      decided.flatMap(one => one.saved ?? []),
      nowMs,
    )
    const kept = decided.flatMap(({ keep }) => keep ?? [])
    const changed = await saveAndCommit(client, saved, kept, { parts: parts(), nowMs })
    return { decided, saved, changed }
  })
  onCommitted(saved, changed)
  return decided.map(({ outcome }) => outcome)
}

/** Has new numbers followed, and takes over what carriers have said already, but for the words where the recipient was erased. */
async function follow(client: PoolClient, decided: readonly DecidedOrder[], nowMs: number): Promise<DecidedOrder[]> {
  const changes = decided.flatMap(one => one.changes)
  const attachments = attachmentsOf(changes)
  const news = await attachParcels(client, attachments, nowMs)
  const erased = await findErased(client, [...new Set(attachments.map(({ orderUid }) => orderUid))].toSorted())
  if (erased.length > 0) await eraseLockedWords(client, erased)
  return decided.map(one => withArrivals(withNews(one, news, nowMs), nowMs))
}

/** The items of the orders that requests want to know them of. */
async function readItems(
  client: PoolClient,
  requests: readonly ShipmentRequest<unknown>[],
  loaded: ReadonlyMap<string, OrderShipments>,
): Promise<Map<string, readonly OrderItem[]>> {
  const wanted = requests.flatMap(({ orderUid, wantsItems }) => (wantsItems && loaded.has(orderUid) ? orderUid : []))
  if (wanted.length === 0) return new Map()
  const stored = await findStored(client, wanted)
  return new Map([...stored].map(([orderUid, { document }]) => [orderUid, itemsOf(document)]))
}

async function lockStock(
  client: PoolClient,
  requests: readonly ShipmentRequest<unknown>[],
  loaded: ReadonlyMap<string, OrderShipments>,
): Promise<OrderStock> {
  const moving = requests.flatMap(({ orderUid, movesStock }) => (movesStock ? (loaded.get(orderUid) ?? []) : []))
  if (moving.length === 0) return nothingReserved
  const units = moving.flatMap(({ shipments }) => shipments.flatMap(shipment => shipment.units))
  return lockOrderStock(
    client,
    moving.map(({ order }) => order.orderUid),
    [...new Set(units.map(({ chrtId }) => chrtId))],
  )
}

type Loaded = Readonly<{
  loaded: ReadonlyMap<string, OrderShipments>
  busy: ReadonlySet<string>
  items: ReadonlyMap<string, readonly OrderItem[]>
  before: OrderStock
  nowMs: number
}>

/** Decides on each request, by the stock that those before it have left. */
function decideAll(requests: readonly ShipmentRequest<unknown>[], { loaded, busy, items, before, nowMs }: Loaded) {
  let stock = before
  const movements: StockMoves['movements'][number][] = []
  const decided = requests.map((request): Decided => {
    const { orderUid } = request
    if (busy.has(orderUid)) return { outcome: { kind: 'busy' } }
    const order = loaded.get(orderUid)
    if (order === undefined) return { outcome: { kind: 'failed', error: notFound(orderUid) } }
    try {
      const decision = request.decide(order, { items: items.get(orderUid) ?? [], stock, nowMs })
      if (decision.stock !== undefined) {
        stock = decision.stock.after
        movements.push(...decision.stock.movements)
      }
      const outcome = { kind: 'done', result: decision.result } as const
      return { outcome, keep: decision.keep, saved: { before: order, changes: decision.changes } }
    } catch (error) {
      // What `decide` throws is the outcome of its own request only.
      return { outcome: { kind: 'failed', error } }
    }
  })
  return { decided, stock, movements }
}
