import { expect, test } from 'bun:test'
import type { NumberedLine } from './reader.ts'
import { currencyNumber } from './text-hash.ts'
import { type SeenPayment, WaitingLines } from './waiting-lines.ts'

function line(row: number, change: Partial<NumberedLine> = {}): NumberedLine {
  const money = { amount: 100, currency: 'EUR', fee: 0, net: 100, netCurrency: 'EUR', feeOff: 0 }
  return { row, lineId: `l-${row}`, kind: 'payment', ...money, ...change }
}

const partOf = (text: string) => ({ text: `before${text}after`, start: 6, end: 6 + text.length })

const payment = (ref: string, change: Partial<SeenPayment> = {}): SeenPayment => ({
  ...{ ref: partOf(ref), own: partOf(`pay_${ref}`), currency: currencyNumber('EUR'), captured: 100, refunded: 0 },
  ...change,
})

const rowsOf = (lines: WaitingLines) => [...lines.unmatchedRows(10)].flat()

test('a line matches by the reference, the amount and the currency of the one payment that comes along', () => {
  const lines = new WaitingLines(16)
  const refs = ['good', 'less', 'foreign', 'never comes', 'comes twice']
  for (const [index, ref] of refs.entries()) expect(lines.add(line(index + 1), ref)).toBe('waits')
  expect(lines.add(line(6, { kind: 'refund', amount: -40 }), 'refund')).toBe('waits')
  expect(lines.see(payment('good'))).toBe(true)
  expect(lines.see(payment('less', { captured: 101 }))).toBe(false)
  expect(lines.see(payment('foreign', { currency: currencyNumber('EUX') }))).toBe(false)
  expect(lines.see(payment('of no line'))).toBe(false)
  expect([lines.see(payment('comes twice')), lines.see(payment('comes twice'))]).toEqual([true, false])
  // A refund matches, and does not name its payment as one.
  expect(lines.see(payment('refund', { refunded: 40 }))).toBe(false)
  expect(rowsOf(lines)).toEqual([2, 3, 4, 5])
})

test('our id beside the reference is that of the payment; that of an operation is left to the database', () => {
  const lines = new WaitingLines(16)
  lines.add(line(1, { ownRef: 'pay_a' }), 'a')
  lines.add(line(2, { ownRef: 'op_b' }), 'b')
  expect(lines.namesOwn).toBe(true)
  expect([lines.see(payment('a')), lines.see(payment('b'))]).toEqual([true, false])
  expect(rowsOf(lines)).toEqual([2])
})

test('of several lines of a payment none waits, whichever of them could', () => {
  const lines = new WaitingLines(16)
  expect([lines.add(line(1), 'twice'), lines.add(line(2), 'twice')]).toEqual(['waits', 'repeated'])
  expect(lines.add(line(3, { kind: 'dispute' }), 'disputed')).toBe('unfit')
  expect(lines.add(line(4), 'disputed')).toBe('repeated')
  expect(lines.add(line(5, { operationRef: 'ch_1' }), 'captured in parts')).toBe('unfit')
  expect(lines.add(line(6, { feeOff: 1 }), 'fee')).toBe('unfit')
  for (const ref of ['twice', 'disputed', 'captured in parts', 'fee']) expect(lines.see(payment(ref))).toBe(false)
  expect(rowsOf(lines)).toEqual([1, 3, 5, 6])
})

test('where there is no more room a line is not noted, and a payment is still found to be named twice', () => {
  const lines = new WaitingLines(2)
  const added = ['a', 'b', 'c', 'a'].map((ref, index) => lines.add(line(index + 1), ref))
  expect(added).toEqual(['waits', 'waits', 'full', 'repeated'])
  expect(['a', 'b', 'c'].map(ref => lines.see(payment(ref)))).toEqual([false, true, false])
  expect(rowsOf(lines)).toEqual([1])
})
