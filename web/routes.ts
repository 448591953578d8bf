/**
 * The addresses of the pages, by name. The build tells the server of them, so that each can be opened by its address; so
 * this file imports nothing.
 */
export const routes = {
  overview: '/',
  orders: '/orders',
  order: '/orders/:id',
  events: '/events',
  deadLetters: '/dead-letters',
  deadLetter: '/dead-letters/:id',
  webhooks: '/webhooks',
  webhook: '/webhooks/:id',
  keys: '/keys',
  system: '/system',
} as const

/** The address of an order's page. */
export function orderAddress(orderUid: string): string {
  return routes.order.replace(':id', encodeURIComponent(orderUid))
}

/** The address of the list of orders, narrowed by the API's own parameters. */
export function ordersAddress(parameters: Record<string, string>): string {
  const query = new URLSearchParams(parameters).toString()
  return query === '' ? routes.orders : `${routes.orders}?${query}`
}

/** The address of the list of dead letters, narrowed by parameters. */
export function deadLettersAddress(parameters: Record<string, string>): string {
  const query = new URLSearchParams(parameters).toString()
  return query === '' ? routes.deadLetters : `${routes.deadLetters}?${query}`
}

/** The address of a dead letter's page. */
export function deadLetterAddress(id: string): string {
  return routes.deadLetter.replace(':id', encodeURIComponent(id))
}

/** The address of a webhook's page. */
export function webhookAddress(id: string): string {
  return routes.webhook.replace(':id', encodeURIComponent(id))
}

/** The address of the live log, narrowed by the API's own parameters. */
export function eventsAddress(parameters: Record<string, string>): string {
  const query = new URLSearchParams(parameters).toString()
  return query === '' ? routes.events : `${routes.events}?${query}`
}
