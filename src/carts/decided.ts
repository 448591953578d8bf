import type { OrderState } from '../orders/order.ts'
import { changedCart } from './cart.ts'
import type { CartWriter } from './writer.ts'

/** Whether nothing more is to come of the checkout: the order's money is there, or the order is over. */
export function isDecided({ status, paymentStatus }: OrderState): boolean {
  return status !== 'pending' || paymentStatus !== 'unpaid'
}

/** Notes that a checkout is done, once its order says so. */
export async function noteDecided(writer: CartWriter, cartId: string, state: OrderState | undefined): Promise<void> {
  if (state === undefined || !isDecided(state)) return
  await writer.change({
    cartIds: [cartId],
    wants: 'nothing',
    decide([cart], _, nowMs) {
      if (cart?.state !== 'checking_out') return { result: undefined }
      return {
        result: undefined,
        changed: [changedCart(cart, { state: 'checked_out', nextLookAtMs: undefined }, nowMs)],
      }
    },
  })
}
