/**
 * The path under which a proxy serves the page, without a slash at its end; empty at the root of a host. This program knows it from
 * where it was loaded: its files lie in the folder `assets` there. The build, which imports this file too, has no document.
 */
export const base = 'document' in globalThis ? new URL('..', import.meta.url).pathname.slice(0, -1) : ''

/**
 * The addresses of the pages, by name. The build tells the server of them, so that each can be opened by its address; so
 * this file imports nothing.
 */
export const routes = {
  overview: `${base}/`,
  orders: `${base}/orders`,
  order: `${base}/orders/:id`,
  events: `${base}/events`,
  deadLetters: `${base}/dead-letters`,
  deadLetter: `${base}/dead-letters/:id`,
  webhooks: `${base}/webhooks`,
  webhook: `${base}/webhooks/:id`,
  keys: `${base}/keys`,
  system: `${base}/system`,
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
