import { DatabaseError, type QueryConfig } from 'pg'
import type { Pool } from './postgres.ts'

/** A rule about what is stored, that the database can be asked for. */
export type Check = {
  /** Its number among the guarantees. */
  invariant: string
  /** What must hold. */
  says: string
  /** Selects one text for each thing that breaks the rule: what it is called. Reads the tables once, in any state of the service. */
  sql: string
  values?: readonly string[]
}

/** What was found when a guarantee was checked. */
export type Finding = {
  /** Its number among the guarantees. */
  invariant: string
  /** What must hold. */
  says: string
  /** How many things break it. */
  broken: number
  /** Some of them. */
  examples: string[]
}

/** How many of the things that break a rule are named. */
export const examplesMax = 5

/** SQLSTATE class 22: a value cannot be read as what it must be, such as JSON. */
const dataErrors = '22'

/**
 * Checks a rule by one statement, so that what is written meanwhile is seen wholly or not at all. Nothing is changed.
 *
 * @param options deadlineMs: how long it may take; among: common table expressions that stand before it, each with its comma
 * @throws the database's error, among others when the deadline is over
 */
export async function runCheck(
  pool: Pool,
  { invariant, says, sql, values = [] }: Check,
  { deadlineMs, among = '' }: { deadlineMs: number; among?: string },
): Promise<Finding> {
  const client = await pool.connect()
  try {
    await client.query(`begin read only; set local statement_timeout = ${deadlineMs}`)
    const query: QueryConfig & { query_timeout: number } = {
      text: `with ${among} found (name) as (${sql})
             select count(*) as broken,
                    (select array_agg(name) from (select name from found limit ${examplesMax}) named) as examples
               from found`,
      values: [...values],
      query_timeout: deadlineMs,
    }
    const { rows } = await client.query<{ broken: string; examples: string[] | null }>(query)
    await client.query('commit')
    client.release()
    return { invariant, says, broken: Number(rows[0]?.broken ?? 0), examples: rows[0]?.examples ?? [] }
  } catch (error) {
    client.release(true)
    if (!(error instanceof DatabaseError && error.code?.startsWith(dataErrors))) throw error
    // What cannot even be read does not say what it must.
    return { invariant, says, broken: 1, examples: [`a value that cannot be read (${error.message})`] }
  }
}
