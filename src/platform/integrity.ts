import { DatabaseError, type QueryConfig } from 'pg'
import type { Pool } from './postgres.ts'
import type { Values } from './variables.ts'

/** A rule about what is stored. */
export type Rule = Readonly<{
  /** Its name, in kebab case: `order-items`. Metrics and alerts show it. */
  name: string
  /** What must hold. */
  sentence: string
}>

/** What a check may depend on. */
export type CheckContext = Values & {
  /** Milliseconds since 1970. */
  nowMs: number
}

/** A rule that one statement checks. */
export type Check = Rule &
  Readonly<{
    /** Selects one text for each thing that breaks the rule: what it is called. Reads the tables once, in any state of the service. */
    sql: string
    /** The values of its placeholders; undefined where the rule does not apply as the service is set. */
    values?: (context: CheckContext) => readonly string[] | undefined
    /** Whether the audit runs it too: on the newest rows, or on all of them where an index makes that cheap. */
    audited?: 'newest' | 'all'
  }>

/** Rules that take more than a statement; the audit has the newest rows inspected. */
export type Inspection = Readonly<{
  rules: readonly Rule[]
  /**
   * @param options deadlineMs: for each statement; newest: looks at the newest rows only
   * @returns a result for each rule, and what was looked at, in a few words for a person
   */
  run(
    pool: Pool,
    options: { deadlineMs: number; newest: boolean; onProgress?: ((sentence: string) => void) | undefined },
  ): Promise<{ results: CheckResult[]; remark: string }>
}>

/** What was found when a rule was checked. */
export type CheckResult = {
  /** The name of the rule. */
  invariant: string
  /** What must hold. */
  says: string
  /** How many things break it. */
  broken: number
  /** Some of them. */
  examples: string[]
}

/** How many violations of a rule are named. */
export const examplesMax = 5

/** SQLSTATE class 22: a value cannot be read as what it must be, such as JSON. */
const dataErrors = '22'

/**
 * Checks a rule by one statement, so that concurrent writes are seen completely or not at all. Changes nothing.
 *
 * @param options values: of its placeholders; deadlineMs: how long it may take; newest: common table expressions that stand before
 *   it, each with its comma
 * @throws the database's error, among others when the deadline is over
 */
export async function runCheck(
  pool: Pool,
  { name: invariant, sentence: says, sql }: Pick<Check, 'name' | 'sentence' | 'sql'>,
  { values = [], deadlineMs, newest = '' }: { values?: readonly string[]; deadlineMs: number; newest?: string },
): Promise<CheckResult> {
  const client = await pool.connect()
  try {
    await client.query(`begin read only; set local statement_timeout = ${deadlineMs}`)
    const query: QueryConfig & { query_timeout: number } = {
      text: `with ${newest} found (name) as (${sql})
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
    // A value that cannot be read breaks the rule.
    return { invariant, says, broken: 1, examples: [`a value that cannot be read (${error.message})`] }
  }
}
