import type { Violation } from '../errors.ts'
import { currencies, isCurrencyAt } from '../platform/currencies.ts'
import { instantBoundsMs } from './instant.ts'
import { expectedAt } from './violations.ts'

/**
 * Checks the rules that were added when orders that break them could already be stored. Those orders stay as they are: they are
 * listed, exported and verified, and one that is sent again is a duplicate. A new order must keep the rules.
 *
 * @param value a document, checked against the schema or not
 * @param createdAtMs its `date_created`; undefined where that names no time
 */
export function checkNewRules(value: object, createdAtMs: number | undefined): Violation[] {
  const { payment } = value as { payment?: unknown }
  const currency =
    typeof payment === 'object' && payment !== null && 'currency' in payment ? payment.currency : undefined
  return [...checkInstant(createdAtMs), ...(typeof currency === 'string' ? checkCurrency(currency, createdAtMs) : [])]
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
