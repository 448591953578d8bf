import type { Module } from '../module.ts'
import type { Values } from '../platform/variables.ts'
import type { ErasureReachView } from './views.ts'

/**
 * What an erasure erases, keeps, and cannot reach, in sentences for a person who has to decide: the page shows them before, and the command
 * line with the outcome. docs/customers.md says the same by table.
 *
 * @param value of variables; undefined: Kafka is not in use
 */
export function reachOf(modules: readonly Module[], value: Values['value'] | undefined): ErasureReachView {
  return { goes: [...goes], stays: [...stays], not_reached: notReached(modules, value) }
}

const goes = [
  'names, addresses, phone numbers and emails in orders, their corrections and what was kept to answer repeated requests',
  'fields of the orders that the contract does not know',
  'emails, recipients, notes and metadata of carts, and of the carts of guests that were merged into them',
  'messages that could not be processed and name the customer, an order or a parcel; an open one is discarded',
  'what carriers said of the parcels in words; later words are not kept',
  'what receivers of webhooks answered to events of the orders and carts',
]

const stays = [
  'amounts, items, countries, statuses, times and IDs, also the ID of the customer: books and numbers stay right',
  'SHA-256 hashes of buyers, by which limits of codes and items for each customer are counted',
  'a digest of each order as it was sent, so that the same order is not taken for another one when it comes again',
]

/**
 * Where recipients may still be after an erasure: what the service has given away, or cannot search.
 *
 * @param value of variables; undefined: Kafka is not in use
 */
export function notReached(modules: readonly Module[], value: Values['value'] | undefined): string[] {
  const topics = modules.flatMap(({ topics = [] }) =>
    value === undefined
      ? []
      : topics.map(({ name, variable }) => `the topic ${value(variable)} (${name}), until its messages expire`),
  )
  return [
    ...topics,
    'backups and exports that were made before',
    'receivers of webhooks and events: order.erased tells them',
    'payment providers and carriers, which were told of the orders themselves',
    'what people wrote as a reason, in the histories and the log of events, which are never rewritten',
  ]
}
