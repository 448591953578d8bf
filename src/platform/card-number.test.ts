import { expect, test } from 'bun:test'
import { looksLikeCardNumber } from './card-number.ts'

/** Numbers that card networks and payment providers publish for tests. */
const published = `
  4111111111111111  4012888888881881  4242424242424242  5555555555554444  5105105105105100  2223003122003222
  378282246310005   371449635398431   6011111111111117  6011000990139424  30569309025904    38520000023237
  3530111333300000  3566002020360505  6200000000000005  6304000000000000
`
  .trim()
  .split(/\s+/)

test('a number of each network looks like a card number', () => {
  expect(published.filter(number => !looksLikeCardNumber(number))).toEqual([])
})

test('so it does in groups, and in the midst of a text', () => {
  const texts = [
    '4111 1111 1111 1111',
    '4111-1111-1111-1111',
    '4111.1111.1111.1111',
    '4111\u00a01111\u20111111\u20131111',
    '3782 822463 10005',
    'paid by phone with 4111 1111 1111 1111, 12/29',
    'order 12 4111 1111 1111 1111 7',
    'card:4111111111111111;',
    '４１１１１１１１１１１１１１１１',
  ]
  expect(texts.filter(text => !looksLikeCardNumber(text))).toEqual([])
})

test('a number of another issuer, of another length, or with another check digit does not', () => {
  const texts = [
    // Right check digits: bank references, an order number, a time, a phone number.
    '1234567812345670',
    '0000000000000000',
    '8000000000000002',
    '79927398713',
    '1764364800000',
    '+49 30 1234567',
    // A wrong check digit; too long; what is within a longer number.
    '4111111111111112',
    '41111111111111111111',
    '9941111111111111111199',
    'pay_4111a1111b1111c1111',
    // Accounts of the examples that the registry of IBAN has.
    'DE89 3704 0044 0532 0130 00',
    'GB29 NWBK 6016 1331 9268 19',
    'FR14 2004 1010 0505 0001 3M02 606',
    'tok_approve',
    '',
  ]
  expect(texts.filter(looksLikeCardNumber)).toEqual([])
})

test('an account number does not, whichever check digit its groups have; one that is none hides nothing', () => {
  // The first sixteen digits of the account are a number that Visa publishes; the IBAN is a valid one.
  const bban = '411111111111111100'
  const check = 98n - (BigInt(`${bban}131400`) % 97n)
  const account = `IBAN DE${String(check).padStart(2, '0')} 4111 1111 1111 1111 00`
  expect(looksLikeCardNumber(account)).toBe(false)
  expect(looksLikeCardNumber(account.replace('DE', 'DK'))).toBe(true)
})
