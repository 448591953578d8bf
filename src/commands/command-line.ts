import { parseArgs } from 'node:util'
import { DatabaseError } from 'pg'
import { ExportError } from '../backup/export.ts'
import { ImportError } from '../backup/reader.ts'
import { ConfigError, readConfig } from '../config.ts'
import { AppError } from '../errors.ts'
import { EmbeddedPostgresError } from '../platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from '../platform/log.ts'
import { MigrationError } from '../platform/migrations.ts'
import { reasonOf } from '../platform/reason.ts'
import { filesRoot, settingsRoot } from '../platform/root.ts'
import { version } from '../version.ts'
import { type Command, CommandError, type Context, type Output, UsageError } from './command.ts'
import { loadCommands } from './commands.ts'

const common = { json: { meaning: 'print JSON' }, help: { meaning: 'print this' } }

/** What a command line is run with: the environment, what interrupts it, and where its output and its errors are written. */
export type Terminal = Readonly<{
  env: Readonly<Record<string, string | undefined>>
  stop: AbortSignal
  /** Resolves when everything is written: ending the process earlier would cut off a long text. */
  out(text: string): Promise<void>
  err(text: string): void
}>

/**
 * Runs one command.
 *
 * @param words the command, its operand and its options
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  const command = (await loadCommands(words[0] ?? '')).find(({ name }) => isBeginning(name.split(' '), words))
  if (command === undefined) return withoutCommand(words, terminal)
  try {
    const { values, operand } = read(command, words.slice(command.name.split(' ').length))
    if (values.help === true) return await print(terminal, helpOf(command), 0)
    const context = await contextOf(command, terminal)
    const answer = await command.run(context, values, operand)
    return await show(terminal, answer, { asJson: values.json === true, database: context.database() })
  } catch (error) {
    if (error instanceof UsageError) return complain(terminal, `${error.message}; see "${command.name} --help"`, 2)
    return complain(terminal, sentenceOf(command, error), 1)
  }
}

function isBeginning(beginning: readonly string[], words: readonly string[]): boolean {
  return beginning.every((word, index) => words[index] === word)
}

async function contextOf(
  { usesNoModule = false }: Command,
  { env, stop, err }: Terminal,
): Promise<Context & { database(): string | undefined }> {
  let used: string | undefined
  const modules = usesNoModule ? [] : (await import('../modules.ts')).modules
  const config = readConfig(modules, env, settingsRoot, filesRoot)
  // A command reports its own results and errors; the log is for debugging.
  const level = config.logLevel === 'debug' ? 'debug' : 'fatal'
  return {
    config,
    log: createLogger({ level }),
    stop,
    progress: createProgress(err, () => performance.now()),
    usesDatabase(description) {
      used = description
      err(`database: ${description}\n`)
    },
    database: () => used,
  }
}

/** A little less than a second, so that reports of every second are printed every second. */
const progressIntervalMs = 900

/** Prints progress to standard error, at most once a second and not in the first. */
function createProgress(err: Terminal['err'], now: () => number): (sentence: string) => void {
  let saidMs = now()
  return sentence => {
    if (now() - saidMs < progressIntervalMs) return
    saidMs = now()
    err(`${sentence} …\n`)
  }
}

/** @throws UsageError for unknown options and words */
function read(command: Command, args: string[]): { values: Readonly<Record<string, unknown>>; operand: string } {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...common }).map(([name, option]) => [
      name,
      { type: 'value' in option && option.value !== undefined ? ('string' as const) : ('boolean' as const) },
    ]),
  )
  let parsed: { values: Readonly<Record<string, unknown>>; positionals: string[] }
  try {
    parsed = parseArgs({ args, options, allowPositionals: true })
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
  const { values, positionals } = parsed
  const expected = command.operand === undefined ? 0 : 1
  const needed = command.operand?.startsWith('[') === true ? 0 : expected
  if (positionals.length > expected) throw new UsageError(`unknown argument ${positionals[expected]}`)
  if (positionals.length < needed && values.help !== true) throw new UsageError(`${command.operand} is needed`)
  return { values, operand: positionals[0] ?? '' }
}

async function withoutCommand(words: readonly string[], terminal: Terminal): Promise<number> {
  const [first = ''] = words
  const commands = await loadCommands()
  const group = commands.filter(({ name }) => name.startsWith(`${first} `))
  if (words.includes('--help') || words.includes('-h'))
    return print(terminal, helpOf(...(group.length > 0 ? group : commands)), 0)
  if (words.length === 0) return complain(terminal, helpOf(...commands), 2)
  const known = (group.length > 0 ? group : commands).map(({ name }) => `"${name}"`).join(', ')
  return complain(
    terminal,
    `there is no command "${words.slice(0, group.length > 0 ? 2 : 1).join(' ')}", only ${known}; see --help`,
    2,
  )
}

function helpOf(...listed: readonly Command[]): string {
  const [only] = listed
  if (only === undefined || listed.length > 1) {
    const lines = listed.map(({ name, operand = '', summary }) => `  ${`${name} ${operand}`.padEnd(27)}${summary}`)
    return `Orders ${version}: the commands beside the service.

Usage: ./orders COMMAND [--json] [--help]

${lines.join('\n')}
  ${'run'.padEnd(27)}serve, as "make run" does; only this and migrate set up a database where there is none

They use the settings of the service (see "./orders run --help"), work whether it runs or not, and print to standard error which
database they use. Exit codes: 0 done, 1 failed, 2 wrong usage.`
  }
  const options = Object.entries({ ...only.options, ...common }).map(
    ([name, option]) => `  ${`--${name} ${'value' in option ? (option.value ?? '') : ''}`.padEnd(18)}${option.meaning}`,
  )
  const operand = only.operand === undefined ? '' : ` ${only.operand}`
  const first = (only.summary[0] ?? '').toUpperCase() + only.summary.slice(1)
  return `Usage: ./orders ${only.name}${operand} [options]\n\n${first}.\n\n${options.join('\n')}`
}

/** Prints the output of a command. @param database the one that was used; undefined for none */
async function show(
  terminal: Terminal,
  answer: Output,
  { asJson, database }: { asJson: boolean; database: string | undefined },
): Promise<number> {
  if (!asJson && answer.remark !== undefined) terminal.err(`${answer.remark}\n`)
  const exitCode = answer.isFailure === true ? 1 : 0
  if (!asJson && answer.text === '') return exitCode
  if (!asJson) return print(terminal, answer.text, exitCode)
  // A list stays a list for scripts; its database is on standard error.
  const { json } = answer
  const isList = typeof json !== 'object' || json === null || Array.isArray(json)
  return print(
    terminal,
    JSON.stringify(isList || database === undefined ? json : { database, ...json }, null, 2),
    exitCode,
  )
}

async function print({ out }: Terminal, text: string, exitCode: number): Promise<number> {
  await out(`${text}\n`)
  return exitCode
}

function complain({ err }: Terminal, sentence: string, exitCode: number): number {
  err(`${sentence}\n`)
  return exitCode
}

function sentenceOf(command: Command, error: unknown): string {
  const expected = [
    AppError,
    CommandError,
    ConfigError,
    EmbeddedPostgresError,
    ExportError,
    ImportError,
    MigrationError,
  ]
  if (expected.some(type => error instanceof type)) return (error as Error).message
  // SQLSTATE 42P01 and 42703: undefined table or column.
  if (error instanceof DatabaseError && ['42P01', '42703'].includes(error.code ?? '')) {
    return 'the database does not have the tables yet, or older ones: run "./orders migrate", or start the service once'
  }
  return `${command.name} failed: ${reasonOf(error)}`
}
