import type { NewOrder } from '../orders/new-order.ts'
import type { PlacementPart } from '../orders/placement-part.ts'
import type { Transfer } from './transfer.ts'
import { copyOfTransfers } from './transfers.ts'

/**
 * The books of orders that arrive paid. A row an order would cost too much of the intake: the transaction that places a group of orders
 * books what they come to for each provider and currency, and the orders' rows are the detail. What one order has in the books follows
 * from its row.
 */

/** An order as it is booked. */
export type ArrivedOrder = Readonly<{
  orderUid: string
  currency: string
  amount: number | bigint
  /** As the document names it. */
  provider: string
  placedAt: Date
}>

/** The sum is `amount + rest`. While a number can hold it `amount` is 0, which takes a tenth of the time. */
type Arrivals = {
  firstUid: string
  provider: string
  currency: string
  placedAt: Date
  orders: number
  amount: bigint
  rest: number
}

/** Books the paid orders of a group. An unpaid order, and one of amount 0, is not in the books. */
export const arrivals: PlacementPart = {
  rows(placed) {
    const transfers = transfersOfGroup(placed)
    return transfers.length === 0 ? [] : [copyOfTransfers(transfers)]
  },
}

/** The transfers of a group of orders: a sale and a capture for each provider and currency. */
export function transfersOfGroup(placed: readonly NewOrder[]): Transfer[] {
  const groups = new Map<string, Map<string, Arrivals>>()
  for (const { order, placedAt } of placed) {
    const { orderUid, amount, currency, provider } = order
    if (!order.isPaid || amount === 0) continue
    const byCurrency = groups.get(provider) ?? new Map<string, Arrivals>()
    groups.set(provider, byCurrency)
    const group = byCurrency.get(currency) ?? {
      firstUid: orderUid,
      provider,
      currency,
      placedAt,
      orders: 0,
      amount: 0n,
      rest: 0,
    }
    byCurrency.set(currency, group)
    group.orders += 1
    if (group.rest + amount > Number.MAX_SAFE_INTEGER) {
      group.amount += BigInt(group.rest)
      group.rest = 0
    }
    group.rest += amount
  }
  return [...groups.values()].flatMap(byCurrency =>
    [...byCurrency.values()].flatMap(({ firstUid, placedAt: recordedAt, amount, rest, ...group }) =>
      // Named after one of its orders: an order is placed once, so nothing is booked twice.
      saleAndCapture(
        { ...group, amount: amount + BigInt(rest), recordedAt },
        `${firstUid}:sales`,
        `${firstUid}:arrivals`,
      ),
    ),
  )
}

/**
 * What a single order that arrived paid has in the books. They hold it within the transfers of its group; only for an order that was
 * placed before the books began these are to be booked, before anything else is.
 */
export function arrivalTransfersOf({ orderUid, placedAt: recordedAt, ...order }: ArrivedOrder): Transfer[] {
  if (BigInt(order.amount) === 0n) return []
  return saleAndCapture({ ...order, recordedAt, orderUid }, `${orderUid}:sale`, `${orderUid}:arrival`)
}

type Booked = Pick<Transfer, 'provider' | 'currency' | 'amount' | 'recordedAt'> &
  Partial<Pick<Transfer, 'orderUid' | 'orders'>>

function saleAndCapture({ orderUid, orders, ...booked }: Booked, saleId: string, captureId: string): Transfer[] {
  const common = { ...booked, orderUid, orders, paymentId: undefined, operationId: undefined }
  return [
    { ...common, transferId: saleId, kind: 'sale', provider: undefined },
    { ...common, transferId: captureId, kind: 'capture' },
  ]
}
