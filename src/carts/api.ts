import { declareApi } from '../module-api.ts'
import type { Cart } from './cart.ts'
import type { PriceLists } from './price-lists.ts'

/** What carts offer to other modules. */
export type CartsApi = Readonly<{
  /** Creates a cart. @returns the answer with the cart and its token, which is shown once @throws AppError OVERLOADED; the database's error */
  createCart(made: Pick<Cart, 'currency' | 'customerId'>, traceparent: string | undefined): Promise<Response>
  /** The delivery methods and tax rates that are current. */
  lists: PriceLists
}>

export const cartsApi = declareApi<CartsApi>('carts')
