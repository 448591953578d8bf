import { expect, test } from 'bun:test'
import { collectPayouts } from './payout-sums.ts'
import type { SettlementLine } from './settlement.ts'

function line(payout: string | undefined, net: number, change: Partial<SettlementLine> = {}): SettlementLine {
  const [amount, currency] = [net, 'EUR']
  return {
    lineId: 'l',
    kind: 'payment',
    amount,
    currency,
    fee: 0,
    net,
    netCurrency: 'EUR',
    feeOff: 0,
    payout,
    ...change,
  }
}

test('payouts are summed by currency, apart from their own lines, and a sum never leaves the safe integers', () => {
  const payouts = collectPayouts()
  const most = Number.MAX_SAFE_INTEGER
  payouts.add([line('a', 5), line(undefined, 7), line('b', 1), line('a', 6), line('a', 2, { netCurrency: 'USD' })])
  payouts.add([line('a', -11, { kind: 'payout' }), line('b', most), line('b', most)])
  expect(payouts.size).toBe(5)
  expect(payouts.take().toSorted((one, other) => one.linesNet - other.linesNet)).toEqual([
    { payout: 'b', currency: 'EUR', lines: 1, linesNet: 1, payouts: 0, payoutNet: 0 },
    { payout: 'a', currency: 'USD', lines: 1, linesNet: 2, payouts: 0, payoutNet: 0 },
    { payout: 'a', currency: 'EUR', lines: 2, linesNet: 11, payouts: 1, payoutNet: -11 },
    { payout: 'b', currency: 'EUR', lines: 1, linesNet: most, payouts: 0, payoutNet: 0 },
    { payout: 'b', currency: 'EUR', lines: 1, linesNet: most, payouts: 0, payoutNet: 0 },
  ])
  expect(payouts.take()).toEqual([])
})
