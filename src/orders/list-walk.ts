import type { Pool } from '../platform/postgres.ts'
import type { ListPlace } from './queries.ts'

/**
 * Orders that no index leads to by itself: of a customer and in a status, say. An index leads to the customer's, newest first, and
 * each is looked at. So many are looked at for a page: a customer may have a million orders, and none in that status.
 */

/** What a page looks at, in each index that it walks; some milliseconds. */
const walkedMax = 2_000

export type Walk = {
  /** Conditions that an index serves, an index each: what fits any of them is wanted. */
  branches: readonly string[]
  /** What each of those orders is looked at for. */
  condition: string
  /** Where the page begins, and the times that it is narrowed to. */
  bounds: string
  direction: 'asc' | 'desc'
  /** What the conditions refer to. */
  values: readonly unknown[]
  limit: number
}

export type Walked = {
  /** The orders of the page, in its order, and one more where there are more. */
  keys: ListPlace[]
  /** Up to where all was looked at, where that is not the end. */
  walkedTo: ListPlace | undefined
}

type WalkedRow = { created_ms: string; order_uid: string; fits: boolean; number: string }

/** Finds the next orders of a list that is narrowed by more than an index serves. */
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

/** Behind the place where the first of the walks ended there may be orders that it has not come to. */
function cutAtFirstEnd(rows: readonly WalkedRow[], limit: number): Walked {
  const keys = new Map<string, ListPlace>()
  let walkedTo: ListPlace | undefined
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
