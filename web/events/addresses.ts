import { addressOf } from '../platform/address.ts'

export const paths = { events: '/events' } as const

/** The address of the event log, narrowed by the API's own parameters. */
export function eventsAddress(query: Record<string, string> = {}): string {
  return addressOf(paths.events, { query })
}
