import type { Pool } from '../platform/postgres.ts'
import type { ListPosition } from './list-filter.ts'

/**
 * Lists by conditions of which no index serves all, such as a customer and a status: an index finds the customer's orders, newest
 * first, and each is checked. A page checks a bounded number: a customer may have a million orders, and none in that status.
 */

/** How many orders a page checks in each index that it walks: some milliseconds. */
const walkedMax = 2_000

export type Walk = {
  /** Conditions that one index each serves; an order must meet any of them. */
  branches: readonly string[]
  /** What each of those orders is checked for. */
  condition: string
  /** Where the page begins, and the bounds of the time. */
  bounds: string
  direction: 'asc' | 'desc'
  /** The parameters of the conditions. */
  values: readonly unknown[]
  limit: number
}

export type Walked = {
  /** The orders of the page, in its order, and one more where there are more. */
  keys: ListPosition[]
  /** How far every order was checked; undefined when that is the end. */
  walkedTo: ListPosition | undefined
}

type WalkedRow = { created_ms: string; order_uid: string; fits: boolean; number: string }

/** Finds the next orders of a list by conditions of which no index serves all. */
export async function walkList(pool: Pool, walk: Walk): Promise<Walked> {
  const { branches, condition, bounds, direction, values, limit } = walk
  const order = `created_at ${direction}, order_uid ${direction}`
  const queries = branches.map(
    branch => `
      (select created_at, order_uid, fits, number
         from (select created_at, order_uid, fits, row_number() over (order by ${order}) as number
                 from (select o.created_at, o.order_uid, (${condition}) as fits
                         from orders o
                        where ${branch} and ${bounds}
                        order by o.created_at ${direction}, o.order_uid ${direction}
                        limit ${walkedMax}) walked) numbered
        where fits or number = ${walkedMax}
        order by number
        limit ${limit + 1})`,
  )
  const { rows } = await pool.query<WalkedRow>(
    `select (extract(epoch from created_at) * 1000)::bigint as created_ms, order_uid, fits, number
       from (${queries.join('\n union all\n')}) walks
      order by ${order}`,
    [...values],
  )
  return cutAtFirstEnd(rows, limit)
}

/** Behind the position where the first walk ended there may be orders that it has not reached. */
function cutAtFirstEnd(rows: readonly WalkedRow[], limit: number): Walked {
  const keys = new Map<string, ListPosition>()
  let walkedTo: ListPosition | undefined
  for (const { created_ms, order_uid: orderUid, fits, number } of rows) {
    const place = { createdAtMs: Number(created_ms), orderUid }
    if (fits) keys.set(orderUid, place)
    if (keys.size > limit) break
    if (Number(number) === walkedMax) {
      walkedTo = place
      break
    }
  }
  return { keys: [...keys.values()], walkedTo }
}
