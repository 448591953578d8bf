import { request } from '../platform/api.ts'
import { cartAddress, cartsAddress } from './addresses.ts'

/** The form of a cart's id. */
export const idForm = /^cart_[a-z2-7]{24}$/

/** Finds a cart by its id. @returns the address of its page; of the list for any other text */
export async function findCart(text: string): Promise<{ address: string; isFound: boolean }> {
  if (!idForm.test(text)) return { address: cartsAddress(), isFound: false }
  const address = cartAddress(text)
  return request(`/api/carts/${text}`).then(
    () => ({ address, isFound: true }),
    () => ({ address, isFound: false }),
  )
}
