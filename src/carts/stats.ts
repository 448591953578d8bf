import type { Pool } from '../platform/postgres.ts'

/** How many carts are open, and how long the one that waits longest for the sweep is due. */
export type CartStats = Readonly<{ open: number; checkingOut: number; overdueSeconds: number }>

/** Carts of a state are counted to this: a scrape takes milliseconds, however many there are. */
export const countedMax = 50_000

/** Reads figures of carts, by indexes. */
export async function readCartStats(pool: Pool, nowMs: number): Promise<CartStats> {
  const counted = (state: string) =>
    `(select count(*)::int from (select from carts where state = '${state}' limit ${countedMax}) counted)`
  const { rows } = await pool.query<{ open: number; checking_out: number; due: number | null }>(
    `select ${counted('open')} as open, ${counted('checking_out')} as checking_out,
            (select (extract(epoch from min(next_look_at)) * 1000)::float8
               from carts where next_look_at is not null) as due`,
  )
  const { open = 0, checking_out: checkingOut = 0, due = null } = rows[0] ?? {}
  return { open, checkingOut, overdueSeconds: due === null ? 0 : Math.max(0, nowMs - due) / 1000 }
}
