import type { DeliveryMethodView } from '../../src/carts/price-documents.ts'
import { isCountry } from '../../src/platform/countries.ts'
import { Refusal } from '../platform/api.ts'
import { countryName } from '../platform/country-name.ts'
import { texts } from './texts.ts'

/** Delivery methods as the API gives them; a list needs an id. */
export type Method = DeliveryMethodView
export type MethodRow = DeliveryMethodView & { id: string }

export function toRow(method: Method): MethodRow {
  return { ...method, id: method.method }
}

export function readMethods(text: string): MethodRow[] {
  return (JSON.parse(text) as Method[]).map(toRow)
}

const countriesShown = 4

/** The countries that a method delivers to, the first few of many. */
export function countriesText(codes: readonly string[]): string {
  if (codes.length === 0) return texts.methods.everywhere
  const names = codes.slice(0, countriesShown).map(code => countryName(code) ?? code)
  const more = codes.length - countriesShown
  return more > 0 ? texts.andMore(names.join(', '), more) : names.join(', ')
}

/** Splits what was typed into codes of countries, each once. */
export function countriesIn(text: string): string[] {
  return [
    ...new Set(
      text
        .toUpperCase()
        .split(/[\s,;]+/)
        .filter(Boolean),
    ),
  ]
}

/** @throws Refusal that names what is no code */
export function readCountries(text: string): string[] {
  const codes = countriesIn(text)
  const unknown = codes.filter(code => !isCountry(code))
  if (unknown.length === 0) return codes
  throw new Refusal(0, { title: texts.methods.countryUnknown(unknown.join(', ')), detail: texts.methods.countryHint })
}
