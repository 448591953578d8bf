import { declareApi } from '../module-api.ts'
import type { Call } from '../platform/http.ts'
import type { Cart } from './cart.ts'
import type { PriceLists } from './price-lists.ts'

/** What carts offer to other modules. */
export type CartsApi = Readonly<{
  /** Creates a cart. @returns the answer with the cart and its token, which is shown once @throws AppError OVERLOADED; the database's error */
  createCart(made: Pick<Cart, 'currency' | 'customerId'>, traceparent: string | undefined): Promise<Response>
  /**
   * The order that the cart of a call became, whose `:id` and token it has; or a key that opens all carts.
   *
   * @throws AppError CART_NOT_FOUND, ORDER_NOT_FOUND; the database's error
   */
  openOrder(call: Call): Promise<string>
  /** The delivery methods and tax rates that are current. */
  lists: PriceLists
}>

export const cartsApi = declareApi<CartsApi>('carts')
