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

/** What the list is narrowed to: `buyer` is a customer or an email address, '' for all. */
export type CartFilter = { shown: Listed; buyer: string }

/** A list as the parameters of the API, which are those of the page's address. */
export function toParameters({ shown, buyer }: CartFilter): Record<string, string> {
  const ofBuyer = buyer === '' ? {} : { [buyer.includes('@') ? 'email' : 'customer_id']: buyer }
  if (shown === 'open') return ofBuyer
  return { ...(shown === 'abandoned' ? { abandoned: 'true' } : { state: shown }), ...ofBuyer }
}

/** The list that an address names; that of open carts where it names none. */
export function filterIn({ state, abandoned, email = '', customer_id = '' }: Record<string, string>): CartFilter {
  const known = listed.find(shown => shown === state && shown !== 'abandoned') ?? 'open'
  const shown = known === 'open' && abandoned === 'true' ? 'abandoned' : known
  return { shown, buyer: email === '' ? customer_id : email }
}

/** The line that a warning is about. */
export function lineOf(warning: Pick<CartWarning, 'pointer'>, { lines }: Pick<Cart, 'lines'>): CartLine | undefined {
  const [, index] = /^\/lines\/(\d+)$/.exec(warning.pointer) ?? []
  return index === undefined ? undefined : lines[Number(index)]
}
