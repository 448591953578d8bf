import { expect, test } from 'bun:test'
import { PageValues } from './page-values.ts'

function all<Value>(text: string | null, count: number, read: (values: PageValues) => Value): Value[] {
  const values = new PageValues(text)
  return Array.from({ length: count }, () => {
    values.advance()
    return read(values)
  })
}

test('values of a page come one after another, empty ones too', () => {
  expect(all('a\n\nbc', 3, String)).toEqual(['a', '', 'bc'])
  expect(all('\n', 2, String)).toEqual(['', ''])
  // A column that was not asked for.
  expect(all(null, 2, String)).toEqual(['', ''])
})

test('numbers are whole and not negative', () => {
  expect(all('0\n62\n9007199254740991\n-1\n1.5', 5, values => values.number())).toEqual([0, 62, 2 ** 53 - 1, NaN, NaN])
})

test('what a value begins and ends with is left out where it does, and the next value is another', () => {
  const ids = 'settlement:stripe:txn_1:fee\nsettlement:stripe:po_1:payout\nfee\nsettlement:stripe::fee'
  const read = (values: PageValues) => values.narrow('settlement:stripe:', ':fee') && String(values)
  expect(all(ids, 4, read)).toEqual(['txn_1', false, false, ''])
})
