import { addressOf } from '../platform/address.ts'

export const paths = { customers: '/customers', customer: '/customers/:id' } as const

/** The address of a customer's page. */
export function customerAddress(id: string): string {
  return addressOf(paths.customer, { id })
}

/** The address of the page that customers are looked up on. */
export function customersAddress(): string {
  return addressOf(paths.customers)
}
