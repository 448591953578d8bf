import { expect, test } from 'bun:test'
import { amountOf, decimal, money } from '../web/platform/money.ts'

test('amounts are entered with the decimals of their currency, and nothing is guessed', () => {
  const read = (text: string) => [
    text,
    ...['USD', 'JPY', 'KWD', 'UYW'].map(currency => amountOf(text, currency) ?? '-'),
  ]
  expect(
    ['18.17', ' 18.1 ', '18', '0.01', '0.001', '0.0001', '0', '0.00', '', '18.', '.5', '1,817', '-1', '1e3', '٣'].map(
      read,
    ),
  ).toEqual([
    ['18.17', 1817, '-', 18170, 181700],
    [' 18.1 ', 1810, '-', 18100, 181000],
    ['18', 1800, 18, 18000, 180000],
    ['0.01', 1, '-', 10, 100],
    ['0.001', '-', '-', 1, 10],
    ['0.0001', '-', '-', '-', 1],
    ...['0', '0.00', '', '18.', '.5', '1,817', '-1', '1e3', '٣'].map(text => [text, '-', '-', '-', '-']),
  ])
  expect(amountOf('90071992547409.91', 'USD')).toBe(Number.MAX_SAFE_INTEGER)
  expect(amountOf('90071992547409.92', 'USD')).toBeUndefined()
})

test('an amount that is written is read as the same, in any currency', () => {
  for (const currency of ['USD', 'JPY', 'KWD', 'UYW']) {
    for (const amount of [1, 10, 999, 1817, Number.MAX_SAFE_INTEGER]) {
      expect(amountOf(decimal(amount, currency), currency)).toBe(amount)
    }
  }
})

test('amounts below 0 and beyond 2^53 are shown to the last digit', () => {
  const shown = (amount: string | number, currency: string) => money(amount, currency).replace(/[^\d.-]/g, '')
  expect(shown(-5, 'USD')).toBe('-0.05')
  expect(shown(-1817, 'JPY')).toBe('-1817')
  expect(shown('118059162071741130342411', 'USD')).toBe('1180591620717411303424.11')
})
