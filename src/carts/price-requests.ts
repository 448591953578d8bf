import { Compile } from 'typebox/compile'
import type { Violation } from '../errors.ts'
import { instantOf } from '../platform/instant.ts'
import { countryForm, isCountry } from '../platform/countries.ts'
import { isCurrencyAt } from '../platform/currencies.ts'
import type { Call } from '../platform/http.ts'
import { readJsonBody } from '../platform/json.ts'
import type { DeliveryMethod } from './delivery-method.ts'
import type { Discount } from './discount.ts'
import { codesMax, discountBody, idExpected, idForm, methodBody, rateBody } from './price-documents.ts'
import { standardTaxClass, type TaxRate } from './tax-rate.ts'

/**
 * The requests that set prices. Each reader throws AppError REQUEST_INVALID with every violation, those of the id in the path among
 * them, and otherwise what `readJsonBody` throws.
 */

const contracts = { discount: Compile(discountBody), method: Compile(methodBody), rate: Compile(rateBody) }
const sizeBytesMax = 64 * 1024

type Fields = Readonly<Record<string, unknown>>
type Rule = (fields: Fields) => Violation[]

/** Adds rules that no schema states, for a body that is an object, and the rule of the id. */
function rulesOf(name: string, id: string, rules: readonly Rule[]): (value: unknown) => Violation[] {
  return value => {
    const ofId = idForm.test(id) ? [] : [{ pointer: `/${name}`, detail: `must be ${idExpected}` }]
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return ofId
    return [...ofId, ...rules.flatMap(rule => rule(value as Fields))]
  }
}

/** Amounts by currency: of currencies that there are, at least as large as is said. */
function amountsIn(field: string, least: number, nowMs: number): Rule {
  return fields => {
    const amounts = fields[field]
    if (typeof amounts !== 'object' || amounts === null || Array.isArray(amounts)) return []
    const entries = Object.entries(amounts)
    if (entries.length === 0 || entries.length > codesMax) {
      return [{ pointer: `/${field}`, detail: `must have 1 to ${codesMax} currencies` }]
    }
    return entries.flatMap(([currency, amount]): Violation[] => {
      const pointer = `/${field}/${currency.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`
      if (!isCurrencyAt(currency, nowMs)) {
        return [{ pointer, detail: 'must be named by an ISO 4217 currency code that exists and has a minor unit' }]
      }
      const isTooSmall = typeof amount === 'number' && amount >= 0 && amount < least
      return isTooSmall ? [{ pointer, detail: `must be at least ${least}` }] : []
    })
  }
}

function countryIn(country: unknown, pointer: string): Violation[] {
  if (typeof country !== 'string' || !countryForm.test(country) || isCountry(country)) return []
  return [{ pointer, detail: 'must be the ISO 3166-1 alpha-2 code of a country' }]
}

const timesOfDiscount: Rule = ({ starts_at: starts, ends_at: ends }) => {
  const [startsMs, endsMs] = [starts, ends].map(text => (typeof text === 'string' ? instantOf(text) : undefined))
  const expected = 'must be an RFC 3339 time that exists, such as 2026-11-27T00:00:00Z'
  return [
    ...(typeof starts === 'string' && startsMs === undefined ? [{ pointer: '/starts_at', detail: expected }] : []),
    ...(typeof ends === 'string' && endsMs === undefined ? [{ pointer: '/ends_at', detail: expected }] : []),
    ...(startsMs !== undefined && endsMs !== undefined && endsMs <= startsMs
      ? [{ pointer: '/ends_at', detail: 'must be after starts_at' }]
      : []),
  ]
}

/** `percent` and `amounts` belong to one kind each, which must have it. */
const kindOfDiscount: Rule = ({ kind, percent = null, amounts = null }) =>
  [
    { field: 'percent', of: 'percent', value: percent },
    { field: 'amounts', of: 'fixed', value: amounts },
  ].flatMap(({ field, of, value }): Violation[] => {
    if (typeof kind !== 'string' || (kind === of) === (value !== null)) return []
    const detail = kind === of ? `is required for kind ${of}` : `must be left out: it is for kind ${of}`
    return [{ pointer: `/${field}`, detail }]
  })

const msOf = (text: string | null | undefined) => (text == null ? null : (instantOf(text) ?? null))

/** The discount of `PUT /api/discounts/:code`; its uses stay. */
export async function readDiscount({ request, params }: Call, nowMs: number): Promise<Omit<Discount, 'uses'>> {
  const { code = '' } = params
  const rules = [kindOfDiscount, timesOfDiscount, amountsIn('amounts', 1, nowMs), amountsIn('minimums', 0, nowMs)]
  const body = await readJsonBody(request, contracts.discount, {
    sizeBytesMax,
    expected: 'must be a JSON object with kind',
    check: rulesOf('code', code, rules),
  })
  const { kind, percent = null, amounts = null, minimums = null, active = true } = body
  return {
    ...{ code, kind, percent, amounts, minimums, active },
    startsAtMs: msOf(body.starts_at),
    endsAtMs: msOf(body.ends_at),
    usesMax: body.limit ?? null,
    usesPerCustomerMax: body.limit_per_customer ?? null,
  }
}

/** The method of `PUT /api/delivery-methods/:method`. */
export async function readMethod({ request, params }: Call, nowMs: number): Promise<DeliveryMethod> {
  const { method = '' } = params
  const countriesOf: Rule = ({ countries }) => {
    if (!Array.isArray(countries)) return []
    if (countries.length > codesMax || new Set(countries).size < countries.length) {
      return [{ pointer: '/countries', detail: `must be at most ${codesMax} countries, each once` }]
    }
    return countries.flatMap((country: unknown, index) => countryIn(country, `/countries/${index}`))
  }
  const body = await readJsonBody(request, contracts.method, {
    sizeBytesMax,
    expected: 'must be a JSON object with name and prices',
    check: rulesOf('method', method, [countriesOf, amountsIn('prices', 0, nowMs), amountsIn('free_from', 0, nowMs)]),
  })
  const { name, prices, countries = [], active = true } = body
  return { method, name, prices, countries, active, freeFrom: body.free_from ?? null, taxClass: body.tax_class ?? null }
}

/** The rate of `PUT /api/tax-rates/:id`. */
export async function readRate({ request, params }: Call): Promise<TaxRate> {
  const body = await readJsonBody(request, contracts.rate, {
    sizeBytesMax,
    expected: 'must be a JSON object with country, name and rate_ppm',
    check: rulesOf('id', params.id ?? '', [({ country }) => countryIn(country, '/country')]),
  })
  const { country, region = '', name, tax_class: taxClass = standardTaxClass, inclusive: isInclusive = false } = body
  return { country, region: region.trim(), name, taxClass, isInclusive, ratePpm: body.rate_ppm }
}
