import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { endWithThisProcess } from './end-with-this-process.ts'
import { eventually } from './kafka.ts'

/** How a process ended. */
export type Exit = { code: number | null; signal: NodeJS.Signals | null }

/** The service in a process of its own, as an operator runs it. */
export type ServiceProcess = {
  /** Where it is served, without a slash at the end. */
  url: string
  pid: number
  kill(signal: NodeJS.Signals): void
  exited: Promise<Exit>
  /** Its output so far: the summary, and the newest part of the log. */
  output(): string
}

type Environment = Readonly<Record<string, string>>

const root = join(import.meta.dirname, '..')
const main = join(root, 'src', 'main.ts')
/** The machine size that the engine assumes, as in `make run` and in the image. */
const engineEnv = { BUN_JSC_forceRAMSize: '285212672' }
const outputCharactersMax = 1_000_000
const running = new Set<ServiceProcess>()
const endDataDirs = new Map<string, () => void>()

/**
 * Starts the service on a free port and waits until it serves.
 *
 * @param options env: what it is configured with; nothing is inherited but what a program needs to run; preload: a file that it
 *   runs first; program: what is run instead of `src/main.ts`, and writes the summary as that does
 * @throws Error with what it wrote when it ends instead
 */
export async function startServiceProcess(options: {
  env: Environment
  preload?: string
  program?: string
}): Promise<ServiceProcess> {
  const preload = options.preload === undefined ? [] : ['--preload', options.preload]
  const process = launch({ SERVER_PORT: '0', ...options.env }, [], preload, options.program)
  running.add(process.service)
  let exit: Exit | undefined
  void process.service.exited.then(end => {
    exit = end
    running.delete(process.service)
  })
  await eventually(
    'the service serves',
    () => {
      process.service.url = /^ +page +(http\S+)\/$/m.exec(process.stdout())?.[1] ?? ''
      if (exit !== undefined)
        throw new Error(`the service ended (${JSON.stringify(exit)}): ${process.service.output()}`)
      return process.service.url !== ''
    },
    60_000,
  )
  return process.service
}

/** Runs the service where it is expected to exit by itself. */
export async function runToItsEnd(env: Environment, args: readonly string[] = []) {
  const { service, stdout, stderr } = launch({ SERVER_PORT: '0', ...env }, args)
  running.add(service)
  const exit = await service.exited
  running.delete(service)
  return { ...exit, stdout: stdout(), stderr: stderr() }
}

/** A folder for DATA_DIR. It, and the PostgreSQL in it, end with this process or by `endServices`. */
export function newServiceDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orders-service-'))
  endDataDirs.set(folder, endWithThisProcess(folder))
  return folder
}

/** Ends the processes that were started here, by SIGKILL unless told otherwise. For afterEach. */
export async function endServices(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  for (const service of running) service.kill(signal)
  await Promise.all([...running].map(service => service.exited))
  for (const end of endDataDirs.values()) end()
  endDataDirs.clear()
}

/** The service's own database, for a look into it. */
export function ownDatabase(dataDir: string): PostgresAddress {
  return { host: join(dataDir, 'socket'), port: 5432, user: 'postgres', password: undefined, database: 'orders' }
}

/** The number of the first process of the PostgreSQL that runs in a DATA_DIR; undefined when there is none. */
export function ownPostgresPid(dataDir: string): number | undefined {
  try {
    return Number.parseInt(readFileSync(join(dataDir, 'postgres', 'postmaster.pid'), 'utf8'), 10) || undefined
  } catch {
    return undefined
  }
}

/** A database as the service is told of it. */
export function databaseEnv({ host, port, user, password, database }: PostgresAddress): Environment {
  const env = { DB_HOST: host, DB_PORT: String(port), DB_USER: user, DB_NAME: database }
  return password === undefined ? env : { ...env, DB_PASSWORD: password }
}

function launch(env: Environment, args: readonly string[], flags: readonly string[] = [], program = main) {
  const child = spawn(process.execPath, ['--no-env-file', ...flags, program, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TMPDIR: process.env.TMPDIR, ...engineEnv, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const pid = child.pid ?? 0
  const watch = guard('kill -KILL "$1"', [String(pid)])
  const stdout = collect(child.stdout)
  const stderr = collect(child.stderr)
  const service: ServiceProcess = {
    url: '',
    pid,
    kill: signal => void child.kill(signal),
    exited: ended(child).finally(() => watch.dismiss()),
    output: () => stdout() + stderr(),
  }
  return { service, stdout, stderr }
}

function ended(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  let text = ''
  stream?.on('data', chunk => {
    text += String(chunk)
    if (text.length > 2 * outputCharactersMax) text = text.slice(-outputCharactersMax)
  })
  return () => text
}
