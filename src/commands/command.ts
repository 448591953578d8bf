import type { Config } from '../config.ts'
import { type Database, openDatabase } from '../database.ts'
import { findRunningPostgres, findSetUpVersion } from '../platform/embedded-postgres/running.ts'
import type { Logger } from '../platform/log.ts'
import { createPool, endPool, type Pool } from '../platform/postgres.ts'

/** The context of a command, beside its arguments. */
export type Context = {
  config: Config
  log: Logger
  /** Aborts a start of the embedded database. */
  stop: AbortSignal
  /** Reports the progress of long work to a person; may be called often. */
  progress(sentence: string): void
  /** Reports which database the command uses: to a person at once, to a program with the output. */
  usesDatabase(description: string): void
}

/**
 * The output of a command: the same for a person (`text`, without the last line end; empty where it has written itself) and for a
 * program (`json`).
 */
export type Output = {
  text: string
  json: unknown
  /** A remark for a person that a script which reads `text` must not get. */
  remark?: string
  /** True: exit code 1. */
  isFailure?: boolean
}

/** Option values by name, as node:util's parseArgs gives them. */
export type Values = Readonly<Record<string, unknown>>

/** A command of cli.ts. */
export type Command = {
  /** Its words: 'keys create'. */
  name: string
  summary: string
  /** The operand after the words, like 'ID', or '[ID]' where it is optional; undefined for none. */
  operand?: string
  /** Options by name; `value` names the value of one that has any. */
  options: Readonly<Record<string, { value?: string; meaning: string }>>
  /** Whether it uses no variable of a module, so that none is loaded: that takes 40 MB and 0.4 s, and the collector as long each time. */
  usesNoModule?: boolean
  /** @throws UsageError for invalid arguments; CommandError and others for what could not be done */
  run(context: Context, values: Values, operand: string): Promise<Output>
}

/** Wrong usage of a command: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Says in a sentence why a command failed: exit code 1. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/**
 * Returns the text of a required option.
 *
 * @throws UsageError when none was, or an empty one
 */
export function required(values: Values, name: string): string {
  const value = values[name]
  if (typeof value !== 'string' || value.trim() === '') throw new UsageError(`--${name} is needed`)
  return value.trim()
}

/**
 * Returns the value of an option that is one of a few, or undefined.
 *
 * @throws UsageError for any other value
 */
export function oneOf(values: Values, name: string, known: readonly string[]): string | undefined {
  const value = values[name]
  if (typeof value !== 'string' || known.includes(value)) return typeof value === 'string' ? value : undefined
  throw new UsageError(`--${name} must be one of ${known.join(', ')}, and is "${value}"`)
}

/**
 * Returns the value of an option that is a whole number.
 *
 * @param preset the default
 * @throws UsageError for any other value
 */
export function wholeNumber(values: Values, name: string, preset: number, minimum: number, maximum: number): number {
  const value = values[name]
  const number = value === undefined ? preset : Number(value)
  if (Number.isInteger(number) && number >= minimum && number <= maximum) return number
  throw new UsageError(`--${name} must be a whole number from ${minimum} to ${maximum}, and is "${value}"`)
}

/**
 * Runs `work` with the database of the configuration, and reports which that is. An embedded one that runs is used as it is, which a
 * running service does not notice; otherwise it is started for the command and stopped after it.
 *
 * @param options maySetUp: creates the embedded database where there is none
 * @throws CommandError when there is none; EmbeddedPostgresError when the embedded one cannot run; the database's errors; what `work`
 *   throws
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
    await endPool(pool)
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
 * Formats rows as a table for a person.
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
