import type { Logger } from '../platform/log.ts'
import { runPeriodically } from '../platform/periodic.ts'
import { withConnection } from '../platform/postgres.ts'
import { nextVersion, type OrderShipments, type ShipmentChange } from './changes.ts'
import { shipmentEvents } from './events.ts'
import type { ShipmentWriterOptions } from './group.ts'
import { beginWithShipments } from './load.ts'
import { findBroken } from './read-queries.ts'
import { saveAndCommit } from './save.ts'
import { isLate } from './shipment.ts'

/** Broken promises: a shipment that has not arrived when it should is told of once. */

/** Shipments of one transaction: few, so that no lock is held for long. */
const shipmentsMax = 200
const pauseMs = 5_000

export type DelayOptions = Omit<ShipmentWriterOptions, 'lowStockDefault'> &
  Readonly<{
    /** Whether the clock is right; otherwise nothing is late. */
    isClockRight: () => boolean
    log: Logger
  }>

/** Notices broken promises until told to stop. Several instances may do it at once: a shipment is told of under its order's lock. */
export async function runDelays(options: DelayOptions, stop: AbortSignal): Promise<void> {
  const { isClockRight, log } = options
  const run = async () => {
    if (!isClockRight()) return 'done'
    const { told, looked } = await noticeDelays(options)
    if (told > 0) log.info({ told }, 'shipments are late')
    return looked === shipmentsMax && told > 0 ? 'more' : 'done'
  }
  await runPeriodically({ run, pauseMs, failure: 'late shipments could not be noticed', log }, stop)
}

/** Tells of one portion of broken promises. @returns how many, and how many were looked at */
export async function noticeDelays(options: DelayOptions): Promise<{ told: number; looked: number }> {
  const { pool, now, parts, onCommitted } = options
  const due = await findBroken(pool, now(), shipmentsMax)
  if (due.length === 0) return { told: 0, looked: 0 }
  const { decided, changed } = await withConnection(pool, async client => {
    const orderUids = [...new Set(due)].toSorted()
    const { orders } = await beginWithShipments(client, orderUids)
    const nowMs = now()
    const decided = orders.map(before => ({ before, changes: delaysOf(before, nowMs) }))
    const changed = await saveAndCommit(client, decided, [], { parts: parts(), nowMs })
    return { decided, changed }
  })
  onCommitted(decided, changed)
  return { told: decided.reduce((sum, { changes }) => sum + changes.length, 0), looked: due.length }
}

function delaysOf({ shipments }: OrderShipments, nowMs: number): ShipmentChange[] {
  return shipments
    .filter(shipment => shipment.delayedAtMs === undefined && isLate(shipment, nowMs))
    .map(shipment => {
      const cause = { nowMs, reason: 'not delivered by the time that was promised', actor: 'deliveries' }
      return nextVersion(
        shipment,
        { delayedAtMs: Math.max(nowMs, shipment.updatedAtMs) },
        shipmentEvents.delayed,
        cause,
      )
    })
}
