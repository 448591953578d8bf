import { join } from 'node:path'
import { runCommandLine } from '../src/commands/command-line.ts'
import type { Finding } from '../src/commands/doctor-finding.ts'

const root = join(import.meta.dirname, '..')

/** `database`: the one that it reports on standard error; `err`: the rest of standard error. */
export type CliRun = { exitCode: number; out: string; err: string; database: string | undefined }

/**
 * Runs a command of src/cli.ts as a process of its own, as a person would.
 *
 * @param args its words and options
 * @param environment all of it that the command sees, beside PATH
 */
export async function runCli(args: readonly string[], environment: Record<string, string> = {}): Promise<CliRun> {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(root, 'src', 'cli.ts'), ...args], {
    cwd: root,
    env: { PATH: process.env.PATH ?? '', ...environment },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, said, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return runOf(exitCode, out, said)
}

/**
 * Runs a command in this process, for what it does: a process of its own takes a second of a processor to begin. Not for a command
 * that asks at the terminal, or reads or writes a backup there.
 */
export async function runCommand(args: readonly string[], environment: Record<string, string> = {}): Promise<CliRun> {
  const [out, said]: [string[], string[]] = [[], []]
  const exitCode = await runCommandLine(args, {
    env: environment,
    stop: new AbortController().signal,
    out: async text => void out.push(text),
    err: text => void said.push(text),
  })
  return runOf(exitCode, out.join(''), said.join(''))
}

function runOf(exitCode: number, out: string, said: string): CliRun {
  const database = /^database: (.*)\n/m.exec(said)
  return { exitCode, out, err: said.replace(database?.[0] ?? '', ''), database: database?.[1] }
}

/** The environment that leads a command to a database of the tests. */
export function environmentOf(address: {
  host: string
  port: number
  user: string
  password: string | undefined
  database: string
}): Record<string, string> {
  return {
    DB_HOST: address.host,
    DB_PORT: String(address.port),
    DB_USER: address.user,
    DB_NAME: address.database,
    ...(address.password === undefined ? {} : { DB_PASSWORD: address.password }),
  }
}

/** What the doctor found out about something. @param out its standard output */
export function findingOf(out: string, name: string): Finding | undefined {
  return (JSON.parse(out) as { findings: Finding[] }).findings.find(finding => finding.name === name)
}
