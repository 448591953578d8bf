import { addressOf } from '../platform/address.ts'

export const paths = { returns: '/returns', return: '/returns/:id' } as const

/** The address of a return's page. */
export function returnAddress(id: string): string {
  return addressOf(paths.return, { id })
}

/** The address of the list of returns, narrowed by the API's own parameters. */
export function returnsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.returns, { query })
}
