import { expect, test } from 'bun:test'
import { countries, countryForm, isCountry } from './countries.ts'

test('the countries are the 249 of ISO 3166-1, each with a name', () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' })
  expect(countries.size).toBe(249)
  expect([...countries].filter(code => !countryForm.test(code) || names.of(code) === undefined)).toEqual([])
  expect([...countries].toSorted()).toEqual([...countries])
})

test('regions, reserved and withdrawn codes, and other spellings are no countries', () => {
  const others = ['EU', 'UK', 'XK', 'UN', 'SU', 'AN', 'ZZ', 'AC', 'de', 'DEU', 'D', '', ' DE', 'Germany', '__proto__']
  expect(others.filter(isCountry)).toEqual([])
  expect(['DE', 'GB', 'US', 'AX', 'SS', 'BQ'].filter(code => !isCountry(code))).toEqual([])
})
