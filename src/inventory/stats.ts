import type { Pool } from '../platform/postgres.ts'

/** What waits for the worker: how many items, and how long the first of them has waited. */
export type StockStats = Readonly<{ due: number; dueSeconds: number }>

/** Counted to this: more only says that the worker is far behind. */
const dueMax = 10_000

export async function readStockStats(pool: Pool, nowMs: number): Promise<StockStats> {
  const { rows } = await pool.query<{ due: number; since: number | null }>(
    `select count(*)::int as due, (extract(epoch from min(since)) * 1000)::float8 as since
       from (select since from stock_due limit ${dueMax}) due`,
  )
  const { due = 0, since = null } = rows[0] ?? {}
  return { due, dueSeconds: since === null ? 0 : Math.max(0, nowMs - since) / 1000 }
}

/** The numbers of the stock of all items together. */
export type StockSums = Readonly<Record<'on_hand' | 'reserved' | 'unavailable', number>>

export async function readStockSums(pool: Pool): Promise<StockSums> {
  const sums = ['on_hand', 'reserved', 'unavailable'].map(name => `coalesce(sum(${name}), 0)::float8 as ${name}`)
  const { rows } = await pool.query<StockSums>(`select ${sums.join(', ')} from stock`)
  return rows[0] ?? { on_hand: 0, reserved: 0, unavailable: 0 }
}
