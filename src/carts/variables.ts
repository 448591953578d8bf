import { integerVariable } from '../platform/variables.ts'

export const cartAbandonedAfterMinutes = integerVariable(
  {
    name: 'CART_ABANDONED_AFTER_MINUTES',
    preset: '60',
    meaning: 'how long nobody changes a cart with lines until it counts as abandoned, in minutes',
    page: 'carts.md',
  },
  1,
  43_200,
)
