import type { Entry } from '../src/inventory/entry.ts'
import type { Item } from '../src/inventory/item.ts'
import { saveItems } from '../src/inventory/item-save.ts'
import { recordEntries } from '../src/inventory/record-entries.ts'
import { createLogger } from '../src/platform/log.ts'
import { createPool, inTransaction, type Pool, type PostgresAddress } from '../src/platform/postgres.ts'
import { itemOf } from '../test/stock.ts'

/** A few connections of a benchmark's own. */
export const poolOf = (address: PostgresAddress): Pool =>
  createPool(address, { connectionsMax: 2, name: 'bench', log: createLogger({ level: 'warn' }) })

const portionMax = 1_000

/**
 * Has plenty of every item received. No events of it stay.
 *
 * @param items how many; they are numbered from 1
 * @param change what the items have beside
 */
export async function trackItems(address: PostgresAddress, items: number, change: Partial<Item> = {}): Promise<void> {
  const pool = poolOf(address)
  const chrtIds = Array.from({ length: items }, (_, index) => index + 1)
  const remarks = { reason: '', actor: 'bench', externalId: undefined, traceparent: undefined }
  const common = {
    type: 'movement',
    location: 'main',
    kind: 'received',
    quantity: 1_000_000,
    inQuarantine: false,
  } as const
  const options = { pool, now: Date.now, lowStockDefault: 5, onCommitted: () => undefined }
  for (let first = 0; first < items; first += portionMax) {
    const portion = chrtIds.slice(first, first + portionMax)
    await inTransaction(pool, client =>
      saveItems(
        client,
        portion.map(chrtId => ({ ...itemOf(chrtId), ...change })),
        Date.now(),
      ),
    )
    const results = await recordEntries(
      options,
      portion.map((chrtId): Entry => ({ ...common, ...remarks, chrtId })),
    )
    if (results.some(({ kind }) => kind !== 'recorded')) throw new Error('stock could not be received')
  }
  // What is counted afterwards are the events of orders.
  await pool.query('delete from events')
  await pool.end()
}
