import type { Module } from '../module.ts'
import { findOrdersOf } from '../orders/erasing.ts'
import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Naming, Whom } from '../whom.ts'

/** What names a customer or an order, by everything that the modules know. */
export function namingOf(modules: readonly Module[], whom: Whom): Naming {
  return {
    whom,
    ordersOf: (client, orderUids) => findOrdersOf(client, whom, orderUids),
    wordsOf: (client, words) => wordsOf(modules, client, whom, words),
  }
}

async function wordsOf(
  modules: readonly Module[],
  client: Pool | PoolClient,
  whom: Whom,
  words: readonly string[],
): Promise<Set<string>> {
  const found = new Set<string>()
  if (words.length === 0) return found
  for (const { erase } of modules) {
    const named = (await erase?.ordersNamedBy?.(client, words)) ?? new Map<string, readonly string[]>()
    const meant = await findOrdersOf(client, whom, [...new Set([...named.values()].flat())])
    for (const [word, orderUids] of named) if (orderUids.some(uid => meant.has(uid))) found.add(word)
  }
  return found
}
