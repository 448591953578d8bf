import { addressOf } from '../platform/address.ts'

export const paths = { ledger: '/ledger', books: '/ledger/:id' } as const

/** The address of the accounts. @param at an RFC 3339 time, whose balances are shown; undefined: now */
export function ledgerAddress(at?: string): string {
  return addressOf(paths.ledger, { query: at === undefined ? {} : { at } })
}

/** The address of the books of an order. */
export function booksAddress(orderUid: string): string {
  return addressOf(paths.books, { id: orderUid })
}
