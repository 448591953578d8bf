import { addressOf } from '../platform/address.ts'

export const paths = { payments: '/payments', payment: '/payments/:id', issues: '/payment-issues' } as const

/** The address of a payment's page. */
export function paymentAddress(id: string): string {
  return addressOf(paths.payment, { id })
}

/** The address of the list of payments, narrowed by the API's own parameters. */
export function paymentsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.payments, { query })
}

/** The address of the payment issues, narrowed by the API's own parameters. */
export function issuesAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.issues, { query })
}
