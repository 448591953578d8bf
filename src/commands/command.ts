import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../database.ts'
import { findRunningPostgres, findSetUpVersion } from '../platform/embedded-postgres/running.ts'
import type { Logger } from '../platform/log.ts'
import { createPool, type Pool } from '../platform/postgres.ts'

/** What a command is given beside its arguments. */
export type Context = {
  config: Config
  log: Logger
  /** Gives up a start of the own database that is under way. */
  stop: AbortSignal
  /** Tells a person how far work has come that takes long; may be called often. */
  progress(sentence: string): void
  /** Says which database the command uses, to a person at once and to a program with the answer. */
  usesDatabase(description: string): void
}

/**
 * What a command has to say: the same for a person (`text`, without the last line's end; empty where it has written itself) and
 * for a program (`json`).
 */
export type Output = {
  text: string
  json: unknown
  /** A remark for a person that a script which reads `text` must not get. */
  remark?: string
  /** True when something is not as it should be: exit code 1. */
  isFailure?: boolean
}

/** Option values by name, as node:util's parseArgs gives them. */
export type Values = Readonly<Record<string, unknown>>

/** A command of cli.ts. */
export type Command = {
  /** Its words: 'keys create'. */
  name: string
  summary: string
  /** What stands behind the words, like 'ID', or '[ID]' where it may be left out; undefined when nothing may. */
  operand?: string
  /** Options by name; `value` names the value of one that has any. */
  options: Readonly<Record<string, { value?: string; meaning: string }>>
  /** @throws UsageError for arguments that make no sense; CommandError and others for what could not be done */
  run(context: Context, values: Values, operand: string): Promise<Output>
}

/** The command was called in a way that it does not know: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What was asked for could not be done, in a sentence: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/**
 * The text that was given for an option.
 *
 * @throws UsageError when none was, or an empty one
 */
export function required(values: Values, name: string): string {
  const value = values[name]
  if (typeof value !== 'string' || value.trim() === '') throw new UsageError(`--${name} is needed`)
  return value.trim()
}

/**
 * The value of an option that has one of a few, or undefined.
 *
 * @throws UsageError for any other value
 */
export function oneOf(values: Values, name: string, known: readonly string[]): string | undefined {
  const value = values[name]
  if (typeof value !== 'string' || known.includes(value)) return typeof value === 'string' ? value : undefined
  throw new UsageError(`--${name} must be one of ${known.join(', ')}, and is "${value}"`)
}

/**
 * The value of an option that is a whole number.
 *
 * @param preset what it is when it was not given
 * @throws UsageError for any other value
 */
export function wholeNumber(values: Values, name: string, preset: number, minimum: number, maximum: number): number {
  const value = values[name]
  const number = value === undefined ? preset : Number(value)
  if (Number.isInteger(number) && number >= minimum && number <= maximum) return number
  throw new UsageError(`--${name} must be a whole number from ${minimum} to ${maximum}, and is "${value}"`)
}

/**
 * Works with the database of the configuration, and says which that is. Our own is used as it is where it runs, which a running
 * service does not notice; otherwise it is started for the command and ended after it.
 *
 * @param options maySetUp: sets our own up where there is none, which only the command that is for that does
 * @throws CommandError when there is none; EmbeddedPostgresError when our own cannot run; the database's errors; what `work` throws
 */
export async function withDatabase<Result>(
  context: Context,
  work: (database: Database, pool: Pool) => Promise<Result>,
  { connectionsMax = 1, maySetUp = false }: { connectionsMax?: number; maySetUp?: boolean } = {},
): Promise<Result> {
  const database = await openConfigured(context, maySetUp)
  const pool = createPool(database.address, { connectionsMax, name: 'orders command', log: context.log })
  try {
    return await work(database, pool)
  } finally {
    await pool.end()
    await database.stop()
  }
}

async function openConfigured({ config, log, stop, usesDatabase }: Context, maySetUp: boolean): Promise<Database> {
  const { dataDir } = config
  if (config.database !== undefined) {
    const database = await openDatabase(config, log, stop)
    usesDatabase(database.description)
    return database
  }
  const running = await findRunningPostgres(dataDir)
  if (running !== undefined) {
    const description = `own PostgreSQL ${running.serverVersion} in ${dataDir}`
    usesDatabase(`${description}, ${running.isOwned ? 'which a service works with' : 'left by a killed service'}`)
    return { address: running.address, description, stop: async () => undefined }
  }
  if (!maySetUp && findSetUpVersion(dataDir) === undefined) {
    throw new CommandError(
      `there is no database in ${dataDir}: "./orders run" or "./orders migrate" sets one up there, and DB_HOST leads to another`,
    )
  }
  const database = await openDatabase(config, log, stop)
  usesDatabase(`${database.description}, started for this command`)
  return database
}

/**
 * Rows as columns for a person, under their headings.
 *
 * @param rows of texts, each as long as `headings`
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows]
  const widths = headings.map((_, column) => Math.max(...all.map(row => (row[column] ?? '').length)))
  return all
    .map(row => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .map(trimmed)
    .join('\n')
}

function trimmed(line: string): string {
  return line.trimEnd()
}
