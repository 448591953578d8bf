import type { CartView, CartWarning, ListedCart } from '../../src/carts/views.ts'

/** Carts as the API gives them. */
export type Cart = CartView
export type CartRow = ListedCart
export type CartLine = CartView['lines'][number]
export type { CartWarning }
export type CartState = CartView['state']

/** The tone of each state. */
export const tones: Record<CartState, string> = {
  open: 'active',
  checking_out: 'waiting',
  checked_out: 'good',
  merged: 'plain',
  expired: 'plain',
}

/** The lists of carts; abandoned ones are open too. */
export const listed = ['open', 'abandoned', 'checking_out', 'checked_out', 'merged', 'expired'] as const
export type Listed = (typeof listed)[number]

/** A list as the parameters of the API, which are those of the page's address. */
export function toParameters(shown: Listed): Record<string, string> {
  if (shown === 'open') return {}
  return shown === 'abandoned' ? { abandoned: 'true' } : { state: shown }
}

/** The list that an address names; that of open carts where it names none. */
export function listedIn({ state, abandoned }: Record<string, string>): Listed {
  const known = listed.find(shown => shown === state && shown !== 'abandoned') ?? 'open'
  return known === 'open' && abandoned === 'true' ? 'abandoned' : known
}

/** The line that a warning is about. */
export function lineOf(warning: Pick<CartWarning, 'pointer'>, { lines }: Pick<Cart, 'lines'>): CartLine | undefined {
  const [, index] = /^\/lines\/(\d+)$/.exec(warning.pointer) ?? []
  return index === undefined ? undefined : lines[Number(index)]
}
