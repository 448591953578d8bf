import { type DeliveryMethod, whyUnavailable } from '../carts/delivery-method.ts'
import { rateFor, regionKey, standardTaxClass, type TaxTable } from '../carts/tax-rate.ts'
import type { OrderDocument } from '../orders/document.ts'

/**
 * Whether an order would cost something else at another place. A correction leaves the price as it is, so one that would change it is
 * refused: the order is then cancelled and placed again. Pure.
 */

type Place = Readonly<{ country?: string | undefined; region?: string | undefined }>

export type PricedBy = Readonly<{
  methods: ReadonlyMap<string, DeliveryMethod>
  taxes: TaxTable
  /** The tax class of an item of ours; undefined for one that is not. */
  taxClassOf: (chrtId: number) => string | undefined
}>

/**
 * Prices depend on the place in two ways: a delivery method serves some countries only, and taxes are those of the country and region. An
 * order whose taxes are not ours was priced by its sender: another country or region may change them, and that cannot be known.
 *
 * @returns what would change, for a person; undefined: nothing
 */
export function whyRepriced(
  order: OrderDocument,
  to: Place,
  { methods, taxes, taxClassOf }: PricedBy,
): string | undefined {
  const { payment, items, delivery: from, delivery_service: service } = order
  if (from.country === to.country && regionKey(from.region) === regionKey(to.region ?? '')) return undefined
  const method = methods.get(service)
  const unavailable = method && whyUnavailable(method, payment.currency, to.country)
  if (unavailable !== undefined && whyUnavailable(method, payment.currency, from.country) === undefined)
    return unavailable
  const classes = new Set(items.map(({ chrt_id: chrtId }) => taxClassOf(chrtId) ?? standardTaxClass))
  if (method?.taxClass != null && payment.delivery_cost > 0) classes.add(method.taxClass)
  const rates = [...classes].map(taxClass => [rateFor(taxes, from, taxClass), rateFor(taxes, to, taxClass)] as const)
  const isSame = rates.every(
    ([old, other]) => old?.ratePpm === other?.ratePpm && old?.isInclusive === other?.isInclusive,
  )
  if (!isSame) return 'other taxes apply there'
  const isTaxedElsewhere = (payment.tax_total ?? 0) > 0 && rates.every(([old]) => old === undefined)
  return isTaxedElsewhere ? 'the order has taxes that no tax rate here explains' : undefined
}
