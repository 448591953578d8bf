import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { migrations } from '../src/database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrations.ts'
import { endWithThisProcess } from './end-with-this-process.ts'

/** For the tests of the embedded server itself, which start many. Other tests take `database.ts`. */
const platform = join(import.meta.dirname, '..', 'src', 'platform')
const log = createLogger({ level: 'silent' })
const folders = new Map<string, () => void>()
const running = new Set<EmbeddedPostgres>()

/** Small, so that a server starts and ends quickly. */
export const settings = { shared_buffers: '16MB', max_wal_size: '64MB', min_wal_size: '32MB' }

/** Stops what `start` started. For afterEach. */
export async function stopServers() {
  for (const server of running) await server.stop()
  running.clear()
}

/** Removes what the tests wrote. For afterAll. */
export function removeDataDirs() {
  for (const [folder, endWatch] of folders) {
    rmSync(folder, { recursive: true, force: true })
    endWatch()
  }
  folders.clear()
}

/** A new empty folder. */
export function newDataDir(): string {
  const folder = mkdtempSync(join(tmpdir(), 'orders-server-'))
  folders.set(folder, endWithThisProcess(folder))
  return folder
}

let template: Promise<string> | undefined

/**
 * Fills a new folder with an empty database that has the tables of the service, by a copy: initdb and the migrations take two seconds
 * of a processor.
 *
 * @returns the folder
 */
export async function filled(dataDir: string): Promise<string> {
  template ??= makeTemplate()
  await promisify(execFile)('cp', ['-a', join(await template, 'postgres'), join(dataDir, 'postgres')])
  return dataDir
}

async function makeTemplate(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-template-'))
  endWithThisProcess(folder)
  const server = await startEmbeddedPostgres({ dataDir: folder, log, settings, durable: false })
  await migrate(server.address, migrations)
  await server.stop()
  return folder
}

/** Starts a server that `stopServers` stops. */
export async function start(
  dataDir: string,
  options: { durable?: boolean; stopTimeoutMs?: number; settings?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({
    dataDir,
    log,
    settings,
    durable: false,
    stopTimeoutMs: 20_000,
    ...options,
  })
  running.add(server)
  return server
}

/** Starts a server from another process, which says the server's number, or why it failed. It stops on SIGTERM. */
export function startElsewhere(dataDir: string) {
  const program = `
    import { startEmbeddedPostgres } from '${join(platform, 'embedded-postgres', 'embedded-postgres.ts')}'
    import { createLogger } from '${join(platform, 'log.ts')}'
    const options = ${JSON.stringify({ dataDir, settings, durable: false })}
    const starting = startEmbeddedPostgres({ ...options, log: createLogger({ level: 'silent' }) })
    process.on('SIGTERM', async () => { await (await starting).stop(); process.exit(0) })
    starting.then(server => console.log(server.processId()), error => console.log(String(error)))
  `
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] })
  const firstLine = new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data).trim())))
  const ended = new Promise(resolve => child.once('close', resolve))
  return { pid: child.pid ?? 0, firstLine, ended }
}

/** A connection whose end does not end the test. */
export async function connected(server: EmbeddedPostgres): Promise<Client> {
  const client = new Client({ ...server.address, password: '' })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** The rows of one statement, on a connection of its own. */
export async function query(server: EmbeddedPostgres, text: string): Promise<Record<string, unknown>[]> {
  const client = await connected(server)
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Waits until the condition holds; an error counts as no. */
export async function until(condition: () => Promise<boolean>) {
  for (const end = Date.now() + 10_000; Date.now() < end; await sleep(20)) {
    if (await condition().catch(() => false)) return
  }
  throw new Error('It did not come true within 10 s.')
}

/** Whether a process with this number exists. */
export function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0)
  } catch {
    return false
  }
}
