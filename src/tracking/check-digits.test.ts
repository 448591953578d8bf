import { expect, test } from 'bun:test'
import { checkNumber } from './check-digits.ts'

test('a wrong check digit is found, by the rule of S10 or of the carrier; a number without a rule is unknown', () => {
  const cases: [number: string, carrier: string][] = [
    ['RB123456785GB', ''],
    ['RB 123 456 785 GB', 'royal mail'],
    ['RR473124829FI', ''],
    ['1Z999AA10123456784', ''],
    ['1z5R89390357567127', 'ups'],
    ['986578788855', 'FedEx'],
    ['477179081230', 'fedex'],
    ['041441760228964', 'fedex'],
    ['9400111202555842332669', 'usps'],
    ['03071790000523483741', 'usps'],
    ['3318810025', 'dhl'],
    ['8487135506', 'DHL Express'],
  ]
  expect(cases.map(([number, carrier]) => [number, checkNumber(number, carrier)])).toEqual(
    cases.map(([number]) => [number, 'valid']),
  )
  // Another digit in its place is found by every rule.
  const wrong = cases.map(([number, carrier]) => {
    const at = number.search(/\d(?=\D*$)/)
    const other = (Number(number[at]) + 1) % 10
    return checkNumber(`${number.slice(0, at)}${other}${number.slice(at + 1)}`, carrier)
  })
  expect(wrong).toEqual(cases.map(() => 'invalid'))
  expect(checkNumber('986578788855', '')).toBe('unknown')
  expect(checkNumber('WBILMTESTTRACK', 'meest')).toBe('unknown')
})
