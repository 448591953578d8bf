import { LRUCache } from 'lru-cache'
import type { LockedOrder } from '../orders/order-locks.ts'
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
  /** @param order as it is stored; undefined when that is not known */
  keep(orderUid: string, stamp: number, payments: StoredPayments, order?: LockedOrder): void
  /** Forgets the payments. @returns them, if they have this stamp */
  take(orderUid: string, stamp: number): StoredPayments | undefined
  forget(orderUid: string): void
  /** An order with its payments, as far as this instance knows; they stay remembered. */
  known(orderUid: string): KnownPayments | undefined
}>

/** An order with its payments as they were saved last, and the stamp that they have unless somebody has changed them since. */
export type KnownPayments = Readonly<{ before: OrderPayments; stamp: number }>

type Remembered = Readonly<{ stamp: number; payments: StoredPayments; order: LockedOrder | undefined }>

export function createRememberedPayments(): RememberedPayments {
  const remembered = new LRUCache<string, Remembered>({ max: ordersMax })
  return {
    keep(orderUid, stamp, payments, order) {
      remembered.set(orderUid, { stamp, payments, order })
    },
    take(orderUid, stamp) {
      const own = remembered.peek(orderUid)
      remembered.delete(orderUid)
      return own?.stamp === stamp ? own.payments : undefined
    },
    forget(orderUid) {
      remembered.delete(orderUid)
    },
    known(orderUid) {
      const own = remembered.peek(orderUid)
      if (own?.order === undefined) return undefined
      return { before: { ...own.payments, order: own.order, isStored: true }, stamp: own.stamp }
    },
  }
}
