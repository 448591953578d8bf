import { Type } from 'typebox'
import type { Violation } from '../errors.ts'
import { countryForm, isCountry } from '../platform/countries.ts'
import { currencies, isCurrencyAt } from '../platform/currencies.ts'
import { orderDocument } from './document.ts'
import { instantBoundsMs } from '../platform/instant.ts'
import { expectedAt, integerForm } from './violations.ts'

/**
 * The rules that were added when orders that break them could already be stored. Those orders stay as they are: they are listed,
 * exported and verified, and one that is sent again is a duplicate. A new order must keep the rules.
 */

/** Fields that came later. A stored document may hold anything under their names. */
const newFields = ['/delivery/country', '/payment/discount_total', '/payment/tax_total']
const { delivery, payment } = orderDocument.properties

/** The contract without the fields that came later. */
export const formerDocument = Type.Object({
  ...orderDocument.properties,
  delivery: Type.Omit(delivery, ['country']),
  payment: Type.Omit(payment, ['discount_total', 'tax_total']),
})

/** Whether the text of a number in a field that came later has the wrong form: elsewhere any form may stay. */
export function isOfNewForm({ pointer, detail }: Violation): boolean {
  return detail === integerForm && newFields.includes(pointer)
}

/**
 * Checks the new rules that no schema states: dates, currencies and countries that exist.
 *
 * @param value a document, checked against the schema or not
 * @param createdAtMs its `date_created`; undefined where that names no time
 */
export function checkNewRules(value: object, createdAtMs: number | undefined): Violation[] {
  const { payment, delivery } = value as { payment?: unknown; delivery?: unknown }
  const currency = textIn(payment, 'currency')
  const country = textIn(delivery, 'country')
  return [
    ...checkInstant(createdAtMs),
    ...(currency === undefined ? [] : checkCurrency(currency, createdAtMs)),
    ...(country === undefined ? [] : checkCountry(country)),
  ]
}

function textIn(value: unknown, field: string): string | undefined {
  const found = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined
  return typeof found === 'string' ? found : undefined
}

/** A text of another form breaks the schema, which says so. */
function checkCountry(code: string): Violation[] {
  return !countryForm.test(code) || isCountry(code) ? [] : [expectedAt('/delivery/country')]
}

function checkInstant(createdAtMs: number | undefined): Violation[] {
  const { first, end } = instantBoundsMs
  if (createdAtMs === undefined || (createdAtMs >= first && createdAtMs < end)) return []
  return [{ pointer: '/date_created', detail: 'must be within the years 0001 to 9999 in UTC' }]
}

/** @param createdAtMs undefined: not known, so a withdrawn currency passes */
function checkCurrency(code: string, createdAtMs = Number.NEGATIVE_INFINITY): Violation[] {
  if (isCurrencyAt(code, createdAtMs)) return []
  const withdrawn = currencies.get(code)?.withdrawn
  if (withdrawn === undefined) return [expectedAt('/payment/currency')]
  return [{ pointer: '/payment/currency', detail: `must exist at date_created: ${code} was withdrawn in ${withdrawn}` }]
}
