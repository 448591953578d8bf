import type { Pool, PoolClient } from '../platform/postgres.ts'
import type { Return } from './return.ts'
import { returnColumns, type ReturnRow, toReturn, unitColumns, type UnitRow } from './rows.ts'

/** Returns as they are stored. To decide on them, lock their order first. */

/** The returns of an order, oldest first. */
export async function readReturnsOf(client: Pool | PoolClient, orderUid: string): Promise<Return[]> {
  const { rows } = await client.query<ReturnRow>(
    `select ${returnColumns} from returns where order_uid = $1 order by created_at, return_id`,
    [orderUid],
  )
  return withUnits(client, rows)
}

/** Returns with their units, in the order of their rows. */
export async function withUnits(client: Pool | PoolClient, rows: readonly ReturnRow[]): Promise<Return[]> {
  if (rows.length === 0) return []
  const units = await client.query<UnitRow>(
    `select ${unitColumns} from return_units where order_uid = any($1) and return_id = any($2) order by line`,
    [[...new Set(rows.map(row => row.order_uid))], rows.map(row => row.return_id)],
  )
  const of = Map.groupBy(units.rows, row => row.return_id)
  return rows.map(row => toReturn(row, of.get(row.return_id) ?? []))
}

/** The order that a return is of; undefined when there is no such return. */
export async function findOrderOf(pool: Pool, returnId: string): Promise<string | undefined> {
  const { rows } = await pool.query<{ order_uid: string }>('select order_uid from returns where return_id = $1', [
    returnId,
  ])
  return rows[0]?.order_uid
}
