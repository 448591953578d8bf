import { expect, test } from 'bun:test'
import { nowMs, orderOf } from '../../test/payment-values.ts'
import { newPayment } from './new-payment.ts'
import type { Payment } from './payment.ts'
import { isCovered, paymentStatusOf, pendingUntilOf, roomOf, totalsOf } from './totals.ts'

/**
 * The sums of one payment of an order of 100, and what follows: the status of the order while it is open and when it is over, what is
 * left, and what confirms it.
 */
const table = `
  state            authorized captured released refunded disputed suspended  open                over                left  confirms
  processing       0          0        0        0        0        0          unpaid              unpaid              0     -
  requires_action  0          0        0        0        0        0          unpaid              unpaid              0     -
  failed           0          0        0        0        0        0          unpaid              unpaid              100   -
  voided           100        0        100      0        0        0          voided              voided              100   -
  expired          100        0        100      0        0        0          voided              voided              100   -
  authorized       100        0        0        0        0        0          authorized          authorized          0     covered
  authorized       60         0        0        0        0        0          authorized          authorized          40    -
  captured         100        100      0        0        0        0          paid                paid                0     paid
  captured         100        40       60       0        0        0          partially_paid      partially_paid      60    -
  captured         100        100      0        40       0        0          partially_refunded  partially_refunded  40    -
  captured         100        100      0        0        30       0          partially_refunded  partially_refunded  0     -
  captured         100        100      0        100      0        0          refunded            refunded            100   -
  captured         100        100      0        0        100      0          refunded            refunded            0     -
  captured         100        100      0        0        0        100        unpaid              paid                100   -
  captured         100        40       60       0        0        40         unpaid              partially_paid      100   -
  captured         120        120      0        0        0        20         paid                paid                0     paid
  captured         120        120      0        0        20       20         paid                partially_refunded  0     paid`

const [head = [], ...rows] = table
  .trim()
  .split('\n')
  .map(line => line.trim().split(/\s+/))

function paymentOf(row: readonly string[]): Payment {
  const begun = newPayment(
    { orderUid: 'o', paymentId: 'p', provider: 'called', currency: 'USD', amount: 100, capture: 'manual' },
    nowMs,
  )
  const sums = Object.fromEntries(head.slice(1, 7).map((name, index) => [name, Number(row[index + 1])]))
  return { ...begun, ...sums, state: row[0] as Payment['state'] }
}

test.each(rows)('%s, authorized %s, captured %s, released %s, refunded %s, disputed %s, suspended %s', (...row) => {
  const payment = paymentOf(row)
  const totals = totalsOf(orderOf().order, [payment], false)
  const statuses = (['confirmed', 'cancelled'] as const).map(status => paymentStatusOf({ status }, totals, [payment]))
  const confirms = isCovered(totals, 'paid') ? 'paid' : isCovered(totals, 'covered') ? 'covered' : '-'
  expect([...statuses, String(roomOf(totals)), confirms]).toEqual(row.slice(7, 11))
})

test('amounts up to 2^53 - 1 are counted exactly', () => {
  const amount = Number.MAX_SAFE_INTEGER
  const payment = {
    ...paymentOf(rows[0] ?? []),
    state: 'authorized' as const,
    authorized: amount - 1,
    amount: amount - 1,
  }
  expect(roomOf(totalsOf({ currency: 'USD', amount }, [payment], false))).toBe(1)
})

test('an order waits for its payments no longer than the newest may be under way', () => {
  const waiting = paymentOf(rows[0] ?? [])
  const later = { ...waiting, createdAtMs: nowMs + 5 }
  expect(pendingUntilOf([waiting, later], 1_000)).toBe(nowMs + 1_005)
  expect(pendingUntilOf([paymentOf(rows[3] ?? [])], 1_000)).toBeUndefined()
})
