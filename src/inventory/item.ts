/** An item: what is sold, by the number that orders name it with. */

/** What happens when less is available than an order wants. */
export const backorderModes = ['refuse', 'allow'] as const
export type BackorderMode = (typeof backorderModes)[number]

export type Item = Readonly<{
  chrtId: number
  /** The product that it belongs to. */
  nmId: number
  name: string
  brand: string
  size: string
  /** In the minor unit of each currency, by its ISO 4217 code. */
  prices: Readonly<Record<string, number>>
  /** The discount in percent. */
  sale: number
  /** Which tax rates apply to it. */
  taxClass: string
  /** Whether it is sold. */
  active: boolean
  /** Bounds of one line of a cart; undefined: no upper one. */
  minQuantity: number
  maxQuantity: number | undefined
  /** A quantity is a multiple of it. */
  quantityStep: number
  maxPerCustomer: number | undefined
  backorder: BackorderMode
  /** How many units may be reserved beyond what is there; undefined: any number. Only where back-orders are allowed. */
  backorderLimit: number | undefined
  /** At how many available units its stock is low; undefined: as the service is set. */
  lowStock: number | undefined
  /** Milliseconds since 1970, like all times here. */
  availableFromMs: number | undefined
  updatedAtMs: number
}>

/** The largest number that a limit can be: none. */
export const unlimited = Number.MAX_SAFE_INTEGER

/** How many units of an item may be reserved beyond what is there. */
export function backorderLimitOf({ backorder, backorderLimit = unlimited }: Item): number {
  return backorder === 'allow' ? backorderLimit : 0
}

/** What became of an item that was written. */
export const saveOutcomes = ['created', 'updated', 'unchanged'] as const
export type SaveOutcome = (typeof saveOutcomes)[number]
