import { DatabaseError } from 'pg'
import { inTransaction, type Pool, type PoolClient } from '../platform/postgres.ts'
import type { DeliveryMethod } from './delivery-method.ts'
import type { Amounts } from './discount.ts'
import { regionKey, type TaxRate } from './tax-rate.ts'

/** The SQL of delivery methods and tax rates, one function a statement. */

/** Instances are notified on this channel that delivery methods or tax rates have changed; the message is empty. */
export const priceListsChannel = 'price_lists'
const notifyOfPriceLists = `notify ${priceListsChannel}`

/** More are refused: every instance has all of them in memory. */
export const methodsMax = 1_000
export const ratesMax = 10_000

export type StoredMethod = DeliveryMethod & Readonly<{ updatedAtMs: number }>
export type StoredRate = TaxRate & Readonly<{ rateId: string; updatedAtMs: number }>

/** `full`: there are as many as there may be. `taken`: another rate is for the same place and class. */
export type Put = 'created' | 'changed' | 'full' | 'taken'

type MethodRow = {
  method: string
  name: string
  prices: Amounts
  free_from: Amounts | null
  countries: string[]
  tax_class: string | null
  active: boolean
  updated_at: Date
}

export async function readMethods(client: Pool | PoolClient): Promise<StoredMethod[]> {
  const { rows } = await client.query<MethodRow>(
    `select method, name, prices, free_from, countries, tax_class, active, updated_at
       from delivery_methods order by method`,
  )
  return rows.map(({ free_from: freeFrom, tax_class: taxClass, updated_at: updatedAt, ...row }) => ({
    ...row,
    freeFrom,
    taxClass,
    updatedAtMs: updatedAt.getTime(),
  }))
}

export function putMethod(pool: Pool, method: DeliveryMethod, nowMs: number): Promise<Put> {
  const { method: name, prices, freeFrom } = method
  return changeList(pool, 'delivery_methods', async client => {
    const before = await client.query('select from delivery_methods where method = $1', [name])
    const isNew = before.rowCount === 0
    const { rowCount } = await client.query(
      `insert into delivery_methods (method, name, prices, free_from, countries, tax_class, active, updated_at)
       select $1, $2, $3, $4, $5, $6, $7, $8
        where not $9 or (select count(*) from delivery_methods) < ${methodsMax}
       on conflict (method) do update
          set name = excluded.name, prices = excluded.prices, free_from = excluded.free_from, countries = excluded.countries,
              tax_class = excluded.tax_class, active = excluded.active, updated_at = excluded.updated_at`,
      [
        ...[name, method.name, JSON.stringify(prices), freeFrom === null ? null : JSON.stringify(freeFrom)],
        ...[method.countries, method.taxClass, method.active, new Date(nowMs), isNew],
      ],
    )
    if (rowCount === 0) return 'full'
    return isNew ? 'created' : 'changed'
  })
}

/** Makes that a method cannot be chosen any more. @returns whether there is such a method */
export function deactivateMethod(pool: Pool, method: string, nowMs: number): Promise<boolean> {
  return changeList(pool, 'delivery_methods', async client => {
    const { rowCount } = await client.query(
      `update delivery_methods
          set active = false, updated_at = case when active then $2 else updated_at end
        where method = $1`,
      [method, new Date(nowMs)],
    )
    return rowCount === 1
  })
}

type RateRow = {
  rate_id: string
  country: string
  region: string
  tax_class: string
  name: string
  rate_ppm: number
  inclusive: boolean
  updated_at: Date
}

export async function readRates(client: Pool | PoolClient): Promise<StoredRate[]> {
  const { rows } = await client.query<RateRow>(
    `select rate_id, country, region, tax_class, name, rate_ppm, inclusive, updated_at
       from tax_rates order by rate_id`,
  )
  return rows.map(({ country, region, name, ...row }) => ({
    ...{ country, region, name, rateId: row.rate_id, taxClass: row.tax_class, ratePpm: row.rate_ppm },
    isInclusive: row.inclusive,
    updatedAtMs: row.updated_at.getTime(),
  }))
}

/** SQLSTATE of a unique index. */
const isTaken = '23505'

export async function putRate(pool: Pool, rateId: string, rate: TaxRate, nowMs: number): Promise<Put> {
  const { country, region, taxClass, name, ratePpm, isInclusive } = rate
  try {
    return await changeList(pool, 'tax_rates', async client => {
      const before = await client.query('select from tax_rates where rate_id = $1', [rateId])
      const isNew = before.rowCount === 0
      const { rowCount } = await client.query(
        `insert into tax_rates (rate_id, country, region, region_key, tax_class, name, rate_ppm, inclusive, updated_at)
         select $1, $2, $3, $4, $5, $6, $7, $8, $9
          where not $10 or (select count(*) from tax_rates) < ${ratesMax}
         on conflict (rate_id) do update
            set country = excluded.country, region = excluded.region, region_key = excluded.region_key,
                tax_class = excluded.tax_class, name = excluded.name, rate_ppm = excluded.rate_ppm, inclusive = excluded.inclusive, updated_at = excluded.updated_at`,
        [
          ...[rateId, country, region, regionKey(region), taxClass],
          ...[name, ratePpm, isInclusive, new Date(nowMs), isNew],
        ],
      )
      if (rowCount === 0) return 'full'
      return isNew ? 'created' : 'changed'
    })
  } catch (error) {
    if (error instanceof DatabaseError && error.code === isTaken) return 'taken'
    throw error
  }
}

/** @returns whether there was such a rate */
export function deleteRate(pool: Pool, rateId: string): Promise<boolean> {
  return changeList(pool, 'tax_rates', async client => {
    const { rowCount } = await client.query('delete from tax_rates where rate_id = $1', [rateId])
    return rowCount === 1
  })
}

/** Locks a list against other writers, so that its count holds; readers do not wait. Notifies the instances with the commit. */
function changeList<Result>(
  pool: Pool,
  table: 'delivery_methods' | 'tax_rates',
  change: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  return inTransaction(pool, async client => {
    await client.query(`lock table ${table} in share row exclusive mode`)
    const result = await change(client)
    await client.query(notifyOfPriceLists)
    return result
  })
}
