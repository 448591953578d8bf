import { expect, test } from 'bun:test'
import { amountText } from './amount-text.ts'

test('an amount is written with the decimals of its currency', () => {
  const written = [0, 5, -1817, 1817, Number.MAX_SAFE_INTEGER].map(amount => amountText(amount, 'USD'))
  expect(written).toEqual(['0.00 USD', '0.05 USD', '-18.17 USD', '18.17 USD', '90071992547409.91 USD'])
  expect([amountText(1817, 'JPY'), amountText(1817, 'KWD')]).toEqual(['1817 JPY', '1.817 KWD'])
})
