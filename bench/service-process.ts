import { openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { type Build, thisBuild } from './builds.ts'

/** The service as its users run it: a process of its own. */
export type ServiceProcess = {
  url: string
  port: number
  pid: number
  /** From its start to its first 200 from /readyz. */
  readyMs: number
  /** Stops it gracefully. */
  stop(): Promise<void>
}

const readyDeadlineMs = 60_000
const stopDeadlineMs = 30_000
let started = 0

/** As `make run` and the image start it. */
const heap = { BUN_JSC_forceRAMSize: String(272 * 1024 * 1024) }

/**
 * Starts the service and waits until it is ready.
 *
 * @param options folder: for what it says; environment: its settings, and nothing of ours but where programs are;
 *   profileFolder: where a profile of its processor time is left when it has ended; build: whose service, this one's when undefined; build: which, this one when undefined
 * @throws Error with its last words when it does not become ready
 */
export async function startServiceProcess(options: {
  folder: string
  environment: Record<string, string>
  profileFolder?: string | undefined
  build?: Build | undefined
}): Promise<ServiceProcess> {
  started += 1
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const logPath = join(options.folder, `service-${started}.log`)
  const output = openSync(logPath, 'w')
  const profiling = options.profileFolder === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profileFolder}`]
  const { PATH = '', HOME = '' } = process.env
  const startedMs = performance.now()
  const child = Bun.spawn([process.execPath, '--no-env-file', ...profiling, 'src/main.ts'], {
    cwd: (options.build ?? thisBuild).root,
    env: { PATH, HOME, ...heap, SERVER_PORT: String(port), LOG_LEVEL: 'warn', ...options.environment },
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
  const watch = guard('kill -KILL "$1"', [String(child.pid)])
  const lastWords = () => readFileSync(logPath, 'utf8').slice(-2_000)
  while (!(await answers(`${url}/readyz`))) {
    if (child.exitCode !== null || performance.now() - startedMs > readyDeadlineMs) {
      child.kill('SIGKILL')
      watch.dismiss()
      throw new Error(`the service did not become ready; it said: ${lastWords()}`)
    }
    await sleep(2)
  }
  return {
    url,
    port,
    pid: child.pid,
    readyMs: performance.now() - startedMs,
    async stop() {
      child.kill('SIGTERM')
      const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs)
      await child.exited
      clearTimeout(timer)
      watch.dismiss()
      if (child.exitCode !== 0) throw new Error(`the service did not stop gracefully; its output: ${lastWords()}`)
    },
  }
}

/** The settings that make the service use a database. */
export function databaseSettings({ host, port, user, database }: PostgresAddress): Record<string, string> {
  return { DB_HOST: host, DB_PORT: String(port), DB_USER: user, DB_NAME: database }
}

/** Keeps the service from expiring stored orders that were never paid. */
export const withoutExpiry: Record<string, string> = { UNPAID_EXPIRES_AFTER_MINUTES: '0' }

/**
 * Reads the metrics.
 *
 * @returns a function that gives the sum of a metric's series whose labels contain a text; 0 for none
 */
export async function readMetrics(url: string): Promise<(name: string, labels?: string) => number> {
  const lines = (await (await fetch(`${url}/metrics`)).text()).split('\n')
  return (name, labels = '') => {
    let sum = 0
    for (const line of lines) {
      const isOfName = line.startsWith(`${name} `) || line.startsWith(`${name}{`)
      if (isOfName && line.includes(labels)) sum += Number(line.slice(line.lastIndexOf(' ') + 1))
    }
    return sum
  }
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status === 200
  } catch {
    return false
  }
}
