import type { Module } from '../module.ts'
import type { Values } from '../platform/variables.ts'

/**
 * Where recipients may still be after an erasure: what the service has given away, or cannot search. One sentence each, for a person.
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
    'what people wrote as a reason',
  ]
}
