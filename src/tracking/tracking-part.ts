import type { NewEvent } from '../events/append.ts'
import type { Copy } from '../platform/copy.ts'
import type { PoolClient } from '../platform/postgres.ts'
import type { Statement } from '../platform/round-trip.ts'
import type { TrackingStatus } from './tracking-status.ts'

/** What is known of a parcel: what its newest checkpoint says, which is not always the one that came last. */
export type ParcelState = Readonly<{
  /** `unknown` before the first checkpoint that moves it. */
  status: TrackingStatus
  /** Why, where the carrier says so: `customs_…`, `consignee_…`, `weather_…`, `carrier_…`; '' otherwise. */
  reason: string
  /** It is on its way back: a later `delivered` is the sender's. */
  isReturning: boolean
  /** When, by the clock of the place: `2026-11-28T09:30:00`; undefined without a checkpoint. */
  occurredLocal: string | undefined
  /** The instant, in milliseconds since 1970; undefined when the zone is not known. Never take `occurredLocal` for UTC. */
  occurredAtMs: number | undefined
  /** Where; '' when the carrier does not say. */
  place: string
  /** When the carrier expects to deliver it, in milliseconds since 1970; undefined when it does not say. */
  estimatedDeliveryAtMs: number | undefined
}>

/** A parcel of a shipment whose state is another than before. A parcel with two orders in it comes once for each shipment. */
export type ParcelChange = Readonly<{
  orderUid: string
  shipmentId: string
  number: string
  /** Lower case: `ups`; '' when nobody has said. */
  carrier: string
  before: ParcelState
  after: ParcelState
  /** The trace of the report (W3C Trace Context). */
  traceparent: string | undefined
}>

/**
 * What a module does when the state of parcels changes. The parts are asked of the modules as they run. The transaction is begun by
 * tracking: it locks the parcels, then their orders by the parts, which wait for none, writes, and tells the parts.
 */
export type TrackingPart = Readonly<{
  /**
   * SQL that locks an order until the transaction ends, before anything is written. It waits for none: it is false when another transaction
   * has the order, and then reports for its parcels are tried again.
   *
   * @param orderUid SQL
   */
  lockOrder(orderUid: string): string
  /**
   * Follows the changes, holding the orders' locks. What it throws takes the reports back. It should take few statements for all of them, and
   * calls nothing outside the database.
   *
   * @param changes several may be of one shipment; in the order of their parcels' numbers
   * @param nowMs milliseconds since 1970 by the clock of the database
   */
  onParcelsChanged(client: PoolClient, changes: readonly ParcelChange[], nowMs: number): Promise<Following>
}>

/** What a module writes when parcels change. */
export type Following = Readonly<{
  /** Written with the commit, in this order: statements, rows, and events, which the commit's own COPY appends. */
  updates?: readonly Statement<undefined>[]
  rows?: readonly Copy[]
  events: readonly NewEvent[]
  onCommitted?: (() => void) | undefined
}>
