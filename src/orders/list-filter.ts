import type { OrderState } from './order.ts'

/** The filter of a list of orders; every condition that is given must hold. */
export type OrderFilter = Partial<{
  statuses: readonly OrderState['status'][]
  paymentStatuses: readonly OrderState['paymentStatus'][]
  deliveryStatuses: readonly OrderState['deliveryStatus'][]
  customerId: string
  trackNumber: string
  /** The orders that other modules know by the tracking number or the search: a number of their parcels. */
  tracked: readonly string[]
  /** Created at or after. */
  fromMs: number
  /** Created before. */
  toMs: number
  /** An order's uid, its tracking number or its customer, whole. */
  search: string
}>

/** The orderings of a list, by `date_created`. */
export const listOrderings = ['newest', 'oldest'] as const
export type ListOrdering = (typeof listOrderings)[number]

/** A position in a list: the last order of the page before. */
export type ListPosition = { createdAtMs: number; orderUid: string }
