/** The pages of the shop, below `/shop`. The build reads this list too, and tells the server of the addresses. */
export const shopPages = {
  catalogue: '/',
  cart: '/cart',
  checkout: '/checkout',
  order: '/order',
} as const

export type ShopPage = keyof typeof shopPages
