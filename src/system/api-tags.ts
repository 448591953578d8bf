/** What the tags of operations group, as the API's documentation shows them. */
export const apiTags = {
  orders: 'Orders: placed, read, listed, and changed by commands',
  events: 'What has happened, in pages or live',
  'dead letters': 'Messages that could not be taken in: looked at, replayed, discarded',
  webhooks: 'Subscriptions to events, and what became of their deliveries',
  'API keys': 'Who may call the service, and for what',
  system: 'The service as it runs',
} as const
