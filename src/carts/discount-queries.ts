import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import { type Amounts, codeKey, type Discount, type DiscountKind } from './discount.ts'
import { pageOf, walkedRows } from '../platform/walked-page.ts'
import { lockLimits } from './limit-locks.ts'

/** The SQL of discount codes, one function a statement. */

/** A discount with its times, in milliseconds since 1970. */
export type StoredDiscount = Discount & Readonly<{ createdAtMs: number; updatedAtMs: number }>

type DiscountRow = {
  code: string
  kind: DiscountKind
  percent: number | null
  amounts: Amounts | null
  minimums: Amounts | null
  starts_at: Date | null
  ends_at: Date | null
  /** PostgreSQL's bigint, as text. */
  uses_max: string | null
  uses_per_customer_max: string | null
  uses: string
  active: boolean
  created_at: Date
  updated_at: Date
}

const columns =
  'code, kind, percent, amounts, minimums, starts_at, ends_at, uses_max, uses_per_customer_max, uses, active, created_at, updated_at'

function toDiscount(row: DiscountRow): StoredDiscount {
  const { code, kind, percent, amounts, minimums, active } = row
  return {
    ...{ code, kind, percent, amounts, minimums, active },
    startsAtMs: row.starts_at?.getTime() ?? null,
    endsAtMs: row.ends_at?.getTime() ?? null,
    usesMax: row.uses_max === null ? null : Number(row.uses_max),
    usesPerCustomerMax: row.uses_per_customer_max === null ? null : Number(row.uses_per_customer_max),
    uses: Number(row.uses),
    createdAtMs: row.created_at.getTime(),
    updatedAtMs: row.updated_at.getTime(),
  }
}

/** The discounts of codes. @param codeKeys as `codeKey` makes them @returns those that there are, by these keys */
export async function findDiscounts(
  client: Pool | PoolClient,
  codeKeys: readonly string[],
): Promise<ReadonlyMap<string, StoredDiscount>> {
  if (codeKeys.length === 0) return new Map()
  const { rows } = await client.query<DiscountRow>(`select ${columns} from discounts where code_key = any($1)`, [
    codeKeys,
  ])
  return new Map(rows.map(row => [codeKey(row.code), toDiscount(row)]))
}

/** A code and a customer (`customerKey`), as one key. */
export const useKey = (code: string, customer: string) => `${customer} ${codeKey(code)}`

/**
 * How many orders of customers use codes.
 *
 * @param customers as `customerKey` makes them
 * @returns the uses by `useKey`; a pair that is missing has none
 */
export async function findUses(
  client: Pool | PoolClient,
  codeKeys: readonly string[],
  customers: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  if (codeKeys.length === 0 || customers.length === 0) return new Map()
  const { rows } = await client.query<{ code_key: string; customer: string; uses: string }>(
    'select code_key, customer, uses from discount_customers where code_key = any($1) and customer = any($2)',
    [codeKeys, customers],
  )
  return new Map(rows.map(({ code_key: code, customer, uses }) => [useKey(code, customer), Number(uses)]))
}

/**
 * A page of discounts by their codes. A page of those that are active, or are not, checks a bounded number, and may have fewer than the limit.
 *
 * @param after the key of the code before the page
 * @returns next: the same for the next page; undefined on the last one
 */
export async function listDiscounts(
  pool: Pool,
  { after, active, limit }: { after: string | undefined; active: boolean | undefined; limit: number },
): Promise<{ discounts: readonly StoredDiscount[]; next: string | undefined }> {
  const conditions = active === undefined ? [] : [active ? 'active' : 'not active']
  const walk = { table: 'discounts', keys: ['code_key'], sortedBy: ['code_key'], direction: 'asc' } as const
  const { rows } = await pool.query<DiscountRow & { code_key: string; fits: boolean; number: string }>(
    `select code_key, ${columns}, k.fits, k.number
       from ${walkedRows({ ...walk, bounds: ['code_key > $1'], conditions, limit })} k
       join discounts using (code_key)
      order by code_key`,
    [after ?? ''],
  )
  const page = pageOf(rows, { conditions, limit })
  return { discounts: page.rows.map(toDiscount), next: page.last?.code_key }
}

export type PutDiscount =
  | { kind: 'created' | 'changed'; discount: StoredDiscount }
  /** More orders use it than the new limit allows. */
  | { kind: 'overused'; uses: number }

/** Makes a discount, or replaces the one of the same code; its uses stay. */
export function putDiscount(pool: Pool, discount: Omit<Discount, 'uses'>, nowMs: number): Promise<PutDiscount> {
  const { code, kind, percent, amounts, minimums, startsAtMs, endsAtMs, usesMax, usesPerCustomerMax, active } = discount
  return inTransaction(pool, async client => {
    const key = codeKey(code)
    await lockLimits(client, [key])
    const before = (await findDiscounts(client, [key])).get(key)
    if (before !== undefined && usesMax !== null && before.uses > usesMax)
      return { kind: 'overused', uses: before.uses }
    const { rows } = await client.query<DiscountRow>(
      `insert into discounts (code_key, ${columns})
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $12)
       on conflict (code_key) do update
          set code = excluded.code, kind = excluded.kind, percent = excluded.percent, amounts = excluded.amounts,
              minimums = excluded.minimums, starts_at = excluded.starts_at, ends_at = excluded.ends_at,
              uses_max = excluded.uses_max, uses_per_customer_max = excluded.uses_per_customer_max,
              active = excluded.active, updated_at = excluded.updated_at
       returning ${columns}`,
      [
        ...[key, code, kind, percent, json(amounts), json(minimums), time(startsAtMs), time(endsAtMs)],
        ...[usesMax, usesPerCustomerMax, active, new Date(nowMs)],
      ],
    )
    return { kind: before === undefined ? 'created' : 'changed', discount: toDiscount(rows[0] as DiscountRow) }
  })
}

/** Makes a code apply no more; what has used it stays. @returns whether there is such a code */
export async function deactivateDiscount(pool: Pool, key: string, nowMs: number): Promise<boolean> {
  const { rowCount } = await pool.query(
    `update discounts
        set active = false, updated_at = case when active then $2 else updated_at end
      where code_key = $1`,
    [key, new Date(nowMs)],
  )
  return rowCount === 1
}

const json = (value: unknown) => (value === null ? null : JSON.stringify(value))
const time = (ms: number | null) => (ms === null ? null : new Date(ms))
