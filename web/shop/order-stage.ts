import type { Ordered } from './checkout.ts'

/** Where an order stands, as its customer sees it. */
export type Stage =
  | 'unpaid'
  | 'action'
  | 'processing'
  | 'declined'
  | 'confirmed'
  | 'held'
  | 'completed'
  | 'cancelled'
  | 'expired'

const stages = {
  confirmed: 'confirmed',
  on_hold: 'held',
  completed: 'completed',
  cancelled: 'cancelled',
  expired: 'expired',
} as const satisfies Partial<Record<Ordered['order']['status'], Stage>>

/** The stage of an order; of one that is not paid it depends on its last payment. Pure. */
export function stageOf({ order: { status }, payment }: Ordered): Stage {
  if (status !== 'pending') return stages[status]
  if (payment === null) return 'unpaid'
  if (payment.state === 'requires_action') return 'action'
  return ['failed', 'voided', 'expired'].includes(payment.state) ? 'declined' : 'processing'
}

/** The steps of an order, and whether each is done. Pure. */
export function stepsOf({ order }: Ordered) {
  const { payment_status: paid, delivery_status: delivered } = order
  const isDelivered = ['delivered', 'returned'].includes(delivered)
  return [
    { step: 'placed', isDone: true },
    { step: 'paid', isDone: ['paid', 'partially_refunded', 'refunded'].includes(paid) },
    { step: 'shipped', isDone: isDelivered || ['shipped', 'partially_delivered'].includes(delivered) },
    { step: 'delivered', isDone: isDelivered },
  ] as const
}

/** Whether the customer can cancel an order: nothing of it has left. Pure. */
export function canBeCancelled({ order: { status, delivery_status: delivered } }: Ordered): boolean {
  return ['pending', 'confirmed', 'on_hold'].includes(status) && delivered === 'unfulfilled'
}

/** The units of an order by item: each is one unit, and those of an item follow each other. Pure. */
export function unitsByItem({ order: { items } }: Ordered) {
  const byItem = new Map<number, { item: (typeof items)[number]; quantity: number; total: number }>()
  for (const item of items) {
    const known = byItem.get(item.chrt_id) ?? { item, quantity: 0, total: 0 }
    byItem.set(item.chrt_id, { item, quantity: known.quantity + 1, total: known.total + item.total_price })
  }
  return [...byItem.values()]
}
