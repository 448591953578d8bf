import { addressOf } from '../platform/address.ts'

export const paths = { webhooks: '/webhooks', webhook: '/webhooks/:id' } as const

/** The address of a webhook's page. */
export function webhookAddress(id: string): string {
  return addressOf(paths.webhook, { id })
}

/** The address of the list of webhooks. */
export function webhooksAddress(): string {
  return addressOf(paths.webhooks)
}
