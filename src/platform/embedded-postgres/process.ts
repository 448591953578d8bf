import { spawn, spawnSync } from 'node:child_process'
import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../log.ts'
import { type Folder, socketPath } from './folder.ts'
import { giveTo, processExists } from './initdb.ts'
import { commandFor, EmbeddedPostgresError, type Program } from './program.ts'

/** What the supervisor works with: `settings` are PostgreSQL's by name, `stopTimeoutMs` is for an orderly stop. */
export type Supervision = {
  program: Program
  folder: Folder
  settings: Record<string, string>
  database: string
  stopTimeoutMs: number
  log: Logger
}

/** A server that runs on a folder: its process id and its own status ('starting', 'ready', 'stopping'). */
export type Running = { pid: number; status: string }

/** A server that this process launched. `ended` says how it ended; undefined while it runs. */
export type Launched = { pid: number | undefined; ended: string | undefined; logOffset: number }

/** How often to retry a launch that the remains of another server prevent, with 100 ms between two. */
const launchesMax = 100
const logSizeBytesMax = 16 * 1024 * 1024

/** Finds the server that runs on the folder, regardless of who started it; undefined when none does, whatever postmaster.pid says. */
export function runningServer(folder: Folder): Running | undefined {
  const file = join(folder.data, 'postmaster.pid')
  const lines = readOrEmpty(file).split('\n')
  const pid = Number(lines[0])
  if (!namesProcess(lines[0]) && existsSync(file)) {
    // A crash of the machine or a full disk has left the file empty: only the process list tells.
    const found = listProcesses().find(candidate => isServer(candidate, folder))
    return found === undefined ? undefined : { pid: found, status: 'ready' }
  }
  // Another process may have the id by now: after a crash of the machine that is even likely.
  if (!Number.isInteger(pid) || pid <= 1 || !isServer(pid, folder)) return undefined
  return { pid, status: lines[7]?.trim() || 'starting' }
}

/** Whether the server on the folder was started by the same binaries with the same settings as `launch` would. */
export function wasStartedLike(program: Program, folder: Folder, settings: Record<string, string>): boolean {
  const args = serverArgs(folder, settings).map(argument => `"${argument}"`)
  const expected = [join(program.folder, 'bin', 'postgres'), ...args].join(' ')
  return readOrEmpty(join(folder.data, 'postmaster.opts')).trim() === expected
}

/**
 * Starts a server, in a session of its own: a Ctrl-C in the terminal must not end it before the service has drained.
 *
 * @param settings of PostgreSQL by name
 */
export function launch(program: Program, folder: Folder, settings: Record<string, string>): Launched {
  removeMisleading(folder)
  boundLog(folder)
  const args = serverArgs(folder, settings)
  const command = commandFor(program, 'postgres', args, folder.account, [folder.data, folder.socket])
  const log = openSync(folder.log, 'a', 0o600)
  giveTo(folder.account, folder.log)
  const launched: Launched = { pid: undefined, ended: undefined, logOffset: statSync(folder.log).size }
  try {
    const child = spawn(command.file, command.args, { ...command.options, detached: true, stdio: ['ignore', log, log] })
    child.on('error', error => {
      launched.ended = `it could not be started (${error.message})`
    })
    child.on('exit', (code, signal) => {
      launched.ended = signal ? `it was ended by ${signal}` : `it ended with exit code ${code}`
    })
    child.unref()
    launched.pid = child.pid
  } finally {
    closeSync(log)
  }
  return launched
}

/**
 * Prepares for the next try after a launch that failed.
 *
 * @param launches how many have failed
 * @throws EmbeddedPostgresError with what the server said when another try would fail in the same way
 */
export async function clearAfterFailure(folder: Folder, launched: Launched, launches: number) {
  const text = readFileSync(folder.log).subarray(launched.logOffset).subarray(-8192).toString()
  if (/No space left on device/.test(text)) {
    throw new EmbeddedPostgresError(`The disk of ${folder.root} is full: free some space and start again.`)
  }
  const hindered =
    text.includes('pre-existing shared memory block') ||
    text.split('\n').some(line => line.includes('lock file "') && /already exists|is empty/.test(line))
  if (hindered && launches < launchesMax) return await endLeftovers(folder)
  const complaint = /(?:FATAL|PANIC|error): +(.*)/.exec(text)?.[1] ?? text.trim().split('\n').at(-1)
  throw new EmbeddedPostgresError(
    `PostgreSQL does not start, ${launched.ended}: ${complaint || 'it says nothing'} (see ${folder.log}).`,
  )
}

/** Keeps the server's log below its limit, with one predecessor. The server keeps writing to the same file. */
export function boundLog(folder: Folder) {
  if ((statSync(folder.log, { throwIfNoEntry: false })?.size ?? 0) <= logSizeBytesMax) return
  try {
    copyFileSync(folder.log, `${folder.log}.1`)
    giveTo(folder.account, `${folder.log}.1`)
  } catch {
    rmSync(`${folder.log}.1`, { force: true }) // The disk is full, which is when the limit matters most.
  }
  truncateSync(folder.log)
}

/** Whether the server has ended; waits a moment, because its connections end first and `launched` is told last. */
export async function hasEnded(folder: Folder, pid: number, launched: Launched | undefined): Promise<boolean> {
  for (const until = performance.now() + 250; performance.now() < until; await sleep(5)) {
    if (runningServer(folder)?.pid !== pid && (!launched || launched.ended)) return true
  }
  return runningServer(folder)?.pid !== pid
}

/**
 * Stops a server and resolves when none of its processes is left: first smart, then fast, then by force.
 *
 * @param pid of its first process
 * @param orderlyMs how long an orderly shutdown may take
 */
export async function endServer(folder: Folder, pid: number, orderlyMs: number) {
  const steps = [
    { signal: 'SIGINT', waitMs: orderlyMs },
    { signal: 'SIGQUIT', waitMs: 2_000 },
    { signal: 'SIGKILL', waitMs: 5_000 },
  ] as const
  for (const { signal, waitMs } of steps) {
    sendSignal(pid, signal)
    for (const until = performance.now() + waitMs; performance.now() < until; await sleep(10)) {
      if (commandLine(pid) === '') return await endLeftovers(folder)
    }
  }
  throw new EmbeddedPostgresError(`PostgreSQL (process ${pid}) does not end, not even when killed.`)
}

/**
 * Ends the orphans of a server that was killed: its children exit only when they next check for their parent, and until then no other
 * server can start on the same data.
 */
export async function endLeftovers(folder: Folder) {
  const title = `postgres: ${folder.clusterName}: `
  for (const until = performance.now() + 5_000; performance.now() < until; await sleep(10)) {
    const pids = listProcesses().filter(pid => commandLine(pid).startsWith(title))
    if (pids.length === 0) return
    for (const pid of pids) sendSignal(pid, 'SIGKILL')
  }
}

function serverArgs(folder: Folder, settings: Record<string, string>): string[] {
  const all = { ...settings, unix_socket_directories: folder.socket, cluster_name: folder.clusterName }
  return ['-D', folder.data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

/**
 * PostgreSQL takes over the lock files of a server that was killed, except when the process number in them is in use:
 * by another process, or by the old server itself, which nobody has reaped, as in a container whose first process does not. Then it
 * believes that the old server runs. A file that names no process, as a crash of the machine leaves it, counts as that of a server
 * that is starting. Such files are removed here; no server runs on the folder when this is called.
 */
function removeMisleading(folder: Folder) {
  for (const file of [join(folder.data, 'postmaster.pid'), `${socketPath(folder)}.lock`]) {
    const [first = ''] = readOrEmpty(file).split('\n')
    const pid = Math.abs(Number(first))
    const isMisleading = !namesProcess(first) || (processExists(pid) && !isServer(pid, folder))
    if (isMisleading) rmSync(file, { force: true })
  }
}

/** Whether the first line of a lock file is a process id; that of a server without clients is negative. */
function namesProcess(line = ''): boolean {
  return /^-?[1-9]\d*$/.test(line.trim())
}

function isServer(pid: number, folder: Folder): boolean {
  return commandLine(pid).includes(`/postgres -D ${folder.data} `)
}

function sendSignal(pid: number, signal: NodeJS.Signals) {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended already.
  }
}

/** Returns the command line of a process, its arguments joined by spaces, and a space; empty when it no longer runs. */
function commandLine(pid: number): string {
  if (process.platform === 'linux') return readOrEmpty(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
  const { stdout } = spawnSync('ps', ['-ww', '-o', 'stat=,command=', '-p', String(pid)], { encoding: 'utf8' })
  const [, status = 'Z', command = ''] = /^(\S+)\s+(.*)/.exec(stdout) ?? []
  return status.startsWith('Z') ? '' : `${command} `
}

function listProcesses(): number[] {
  if (process.platform === 'linux') return readdirSync('/proc').map(Number).filter(Boolean)
  return spawnSync('ps', ['-A', '-o', 'pid='], { encoding: 'utf8' }).stdout.trim().split(/\s+/).map(Number)
}

function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
