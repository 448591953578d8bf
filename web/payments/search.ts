import { request } from '../platform/api.ts'
import { paymentAddress, paymentsAddress } from './addresses.ts'

/** The form of an id that was made here; a payment that an order arrived with has the order's. */
const idForm = /^pay_[a-z0-9]{24}$/

/** Whether a text is the id of a payment, by its form. */
export function isPaymentId(text: string): boolean {
  return idForm.test(text)
}

/** Finds a payment by its id. @returns the address of its page; of the list for any other text */
export async function findPayment(text: string): Promise<{ address: string; isFound: boolean }> {
  if (!isPaymentId(text)) return { address: paymentsAddress(), isFound: false }
  const address = paymentAddress(text)
  return request(`/api/payments/${text}`).then(
    () => ({ address, isFound: true }),
    () => ({ address, isFound: false }),
  )
}
