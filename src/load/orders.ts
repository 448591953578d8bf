import { exampleOrder } from '../orders/example.ts'

/** An order to send, and its kind. */
export type Shot = {
  kind: 'new' | 'repeated' | 'bad'
  orderUid: string
  /** JSON; a bad one may not even be that. */
  body: string
}

export type Shots = {
  next(nowMs: number): Shot
  /** Notes that an order was accepted, so that it may be repeated. */
  accepted(shot: Shot): void
}

/** How many accepted orders are kept to be repeated. */
const keptMax = 1_000

type Break = (order: ReturnType<typeof exampleOrder>) => unknown

/** Typical mistakes of senders, in turn. */
const breaks: readonly Break[] = [
  order => ({ ...order, payment: { ...order.payment, amount: order.payment.amount + 1 } }),
  order => ({ ...order, payment: { ...order.payment, currency: 'EURO' } }),
  order => ({ ...order, items: [] }),
  ({ delivery: _, ...order }) => order,
]

/**
 * Makes orders to send, with shares of bad and repeated ones. Before any order was accepted there is nothing to repeat, and a new one
 * is made instead.
 *
 * @param shares from 0 to 1 each
 * @param newUid returns a new one each time
 * @param random numbers from 0 up to 1
 */
export function makeShots(
  shares: { bad: number; repeated: number },
  newUid: () => string,
  random: () => number,
): Shots {
  const kept: Shot[] = []
  let acceptedCount = 0
  let badCount = 0
  const bad = (nowMs: number): Shot => {
    const orderUid = newUid()
    const order = exampleOrder(orderUid, nowMs, random)
    const breaking = breaks[badCount++ % (breaks.length + 1)]
    const whole = JSON.stringify(breaking === undefined ? order : breaking(order))
    return { kind: 'bad', orderUid, body: breaking === undefined ? whole.slice(0, -20) : whole }
  }
  return {
    next(nowMs) {
      const drawn = random()
      if (drawn < shares.bad) return bad(nowMs)
      const before = drawn < shares.bad + shares.repeated ? kept[Math.floor(random() * kept.length)] : undefined
      if (before !== undefined) return { ...before, kind: 'repeated' }
      const orderUid = newUid()
      return { kind: 'new', orderUid, body: JSON.stringify(exampleOrder(orderUid, nowMs, random)) }
    },
    accepted(shot) {
      kept[acceptedCount++ % keptMax] = shot
    },
  }
}
