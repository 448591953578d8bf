import { expect, test } from 'bun:test'
import { LineFees } from './line-fees.ts'
import type { NumberedLine } from './reader.ts'
import { currencyNumber } from './text-hash.ts'

function line(row: number, lineId: string, fee: number, change: Partial<NumberedLine> = {}): NumberedLine {
  const money = { amount: 100, currency: 'EUR', fee, net: 100 - fee, netCurrency: 'EUR', feeOff: 0 }
  return { row, lineId, kind: 'payment', ...money, ...change }
}

const partOf = (text: string) => ({ text, start: 0, end: text.length })

test('a fee is booked, not booked, or booked otherwise: that of a line of fees is the line itself', () => {
  const fees = new LineFees(16)
  const lines = [
    line(1, 'same', 3),
    line(2, 'amount', 3),
    line(3, 'currency', 3),
    line(4, 'not booked', 3),
    line(5, 'none', 0),
    line(6, 'none, and one is booked', 0),
    line(7, 'given back', -3),
    line(8, 'whole line', 0, { kind: 'fee', net: -7 }),
    line(9, 'otherwise, and of no payment', 0, { kind: 'fee', net: -7 }),
  ]
  expect(lines.map(one => fees.add(one))).toEqual(Array(9).fill('new'))
  for (const [id, amount, currency] of [
    ['same', 3, 'EUR'],
    ['amount', 4, 'EUR'],
    ['currency', 3, 'USD'],
    ['none, and one is booked', 1, 'EUR'],
    ['given back', -3, 'EUR'],
    ['whole line', 7, 'EUR'],
    ['otherwise, and of no payment', 8, 'EUR'],
    ['of another file', 8, 'EUR'],
  ] as const) {
    fees.see(partOf(id), amount, currencyNumber(currency))
  }
  expect(fees.unbooked).toBe(1)
  expect([...fees.differing()]).toEqual([2, 3, 6])
})

test('an id that comes again is left to the database, and so are all when there is no more room', () => {
  const fees = new LineFees(2)
  expect([fees.add(line(1, 'twice', 3)), fees.add(line(2, 'once', 3))]).toEqual(['new', 'new'])
  expect([fees.add(line(3, 'twice', 3)), fees.isFull]).toEqual(['repeated', false])
  fees.see(partOf('twice'), 4, currencyNumber('EUR'))
  expect([fees.unbooked, [...fees.differing()]]).toEqual([1, []])
  expect([fees.add(line(4, 'more', 3)), fees.isFull]).toEqual(['full', true])
})
