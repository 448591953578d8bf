import { LRUCache } from 'lru-cache'
import type { OrderPayments } from './changes.ts'

/** A stamp that no other change has, nor one that a restored server has forgotten. */
export function newStamp(): number {
  return Math.floor(Math.random() * 2 ** 52)
}

/** What is stored of the payments of an order. */
export type StoredPayments = Pick<OrderPayments, 'payments' | 'operations' | 'isSold' | 'disputes' | 'issues'>

/** The most orders that are remembered. */
const ordersMax = 1_000

/**
 * The payments of orders as this instance has saved them last, between an operation's row and its outcome: loading and reading them again
 * would cost as much as writing them. The stamp in the order's totals says whether somebody has changed them meanwhile.
 */
export type RememberedPayments = Readonly<{
  keep(orderUid: string, stamp: number, payments: StoredPayments): void
  /** Forgets the payments. @returns them, if they have this stamp */
  take(orderUid: string, stamp: number): StoredPayments | undefined
}>

export function createRememberedPayments(): RememberedPayments {
  const remembered = new LRUCache<string, Readonly<{ stamp: number; payments: StoredPayments }>>({ max: ordersMax })
  return {
    keep(orderUid, stamp, payments) {
      remembered.set(orderUid, { stamp, payments })
    },
    take(orderUid, stamp) {
      const own = remembered.peek(orderUid)
      remembered.delete(orderUid)
      return own?.stamp === stamp ? own.payments : undefined
    },
  }
}
