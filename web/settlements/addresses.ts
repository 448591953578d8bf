import { addressOf } from '../platform/address.ts'

export const paths = { reports: '/reconciliations', report: '/reconciliations/:id' } as const

/** The address of the list of reconciliations. */
export function reportsAddress(): string {
  return addressOf(paths.reports)
}

/** The address of a reconciliation, narrowed by the API's own parameters. */
export function reportAddress(id: string, query: Record<string, string> = {}): string {
  return addressOf(paths.report, { id, query })
}
