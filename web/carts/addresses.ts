import { addressOf } from '../platform/address.ts'

export const paths = {
  carts: '/carts',
  cart: '/carts/:id',
  discounts: '/discounts',
  methods: '/delivery-methods',
  rates: '/tax-rates',
} as const

/** The address of a cart's page. */
export function cartAddress(id: string): string {
  return addressOf(paths.cart, { id })
}

/** The address of the list of carts, narrowed by the API's own parameters. */
export function cartsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.carts, { query })
}

/** The address of the discount codes, narrowed by the API's own parameters, or to one `code`. */
export function discountsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.discounts, { query })
}

/** The address of the delivery methods, narrowed by the API's own parameters. */
export function methodsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.methods, { query })
}

/** The address of the tax rates, narrowed by the API's own parameters. */
export function ratesAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.rates, { query })
}
