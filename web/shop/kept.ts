import { effect, signal } from '@preact/signals'

/** A cart, and the token that opens it and the order that it becomes. */
export type Opened = Readonly<{ id: string; token: string }>

/** What the browser keeps of a guest: the cart, and the carts that became orders, newest first. */
export type Kept = Readonly<{ currency?: string; cart?: Opened; orders: readonly Opened[] }>

const storageName = 'orders-shop'
const ordersMax = 5

export const kept = signal<Kept>(stored())

effect(() => {
  try {
    localStorage.setItem(storageName, JSON.stringify(kept.value))
  } catch {
    // Where nothing can be stored, the cart lasts as long as the page.
  }
})

// Another tab has the same cart.
addEventListener('storage', event => {
  if (event.key === storageName) kept.value = stored()
})

/** The cart has become an order. */
export function keepAsOrder(cart: Opened): void {
  const { cart: open, orders, ...others } = kept.peek()
  const known = [cart, ...orders.filter(({ id }) => id !== cart.id)].slice(0, ordersMax)
  kept.value = { ...others, ...(open === undefined || open.id === cart.id ? {} : { cart: open }), orders: known }
}

/** Uses another cart, or none. */
export function keepCart(cart: Opened | undefined): void {
  const { cart: _, ...others } = kept.peek()
  kept.value = cart === undefined ? others : { ...others, cart }
}

/** Shows prices in another currency. */
export function keepCurrency(currency: string): void {
  kept.value = { ...kept.peek(), currency }
}

function stored(): Kept {
  try {
    const { currency, cart, orders } = JSON.parse(localStorage.getItem(storageName) ?? '{}') as Partial<Kept>
    return {
      ...(typeof currency === 'string' ? { currency } : {}),
      ...(isOpened(cart) ? { cart } : {}),
      orders: Array.isArray(orders) ? orders.filter(isOpened) : [],
    }
  } catch {
    return { orders: [] }
  }
}

function isOpened(value: unknown): value is Opened {
  const { id, token } = (value ?? {}) as Partial<Record<keyof Opened, unknown>>
  return typeof id === 'string' && typeof token === 'string'
}
