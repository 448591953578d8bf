import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import type { Config } from '../config.ts'
import type { Finding } from './doctor-finding.ts'

const answerDeadlineMs = 1_000

/** Whether the service could listen, and otherwise who does. Does not throw. */
export async function checkPort({ server: { host, port } }: Config): Promise<Finding> {
  const name = 'port'
  const address = `${host}:${port}`
  if (port === 0) return { name, state: 'ok', detail: `${host}, any free port` }
  const code = await tryListening(host, port)
  if (code === undefined) return { name, state: 'ok', detail: `${address} is free` }
  if (code !== 'EADDRINUSE') return { name, state: 'failed', detail: `${address} cannot be listened on (${code})` }
  const version = await versionThere(host, port)
  const owner = ownerOf(port) ?? 'another program'
  if (version !== undefined) return { name, state: 'ok', detail: `Orders ${version} serves at ${address}: ${owner}` }
  return {
    name,
    state: 'failed',
    detail: `${address} is taken by ${owner}: end it, or set SERVER_PORT to another port`,
  }
}

/** @returns the system's error code; undefined when listening works */
function tryListening(host: string, port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', error => resolve('code' in error ? String(error.code) : error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** The version of the Orders service that answers there; undefined for any other answer, or none. */
async function versionThere(host: string, port: number): Promise<string | undefined> {
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/api/openapi.json`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(answerDeadlineMs) })
    const { info } = (await response.json()) as { info?: { title?: unknown; version?: unknown } }
    return info?.title === 'Orders' ? String(info.version) : undefined
  } catch {
    return undefined
  }
}

/** The program that listens on a port, if this account may see it. */
function ownerOf(port: number): string | undefined {
  if (process.platform !== 'linux') {
    const { stdout } = spawnSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { encoding: 'utf8' })
    const [, pid, program] = /^p(\d+)\nc(.*)/m.exec(stdout ?? '') ?? []
    return pid === undefined ? undefined : `${program} (process ${pid})`
  }
  const sockets = new Set(['tcp', 'tcp6'].flatMap(table => listeningSockets(table, port)))
  for (const pid of readdirSync('/proc').filter(entry => /^\d+$/.test(entry))) {
    if (linksOf(`/proc/${pid}/fd`).some(link => sockets.has(link))) {
      return `${textOf(`/proc/${pid}/comm`).trim()} (process ${pid})`
    }
  }
  return undefined
}

/** Linux lists sockets in lines: number, local address:port in hexadecimal, remote, state (0A: listening), …, inode. */
function listeningSockets(table: string, port: number): string[] {
  const ending = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return textOf(`/proc/net/${table}`)
    .split('\n')
    .map(line => line.trim().split(/\s+/))
    .filter(fields => fields[1]?.endsWith(ending) && fields[3] === '0A')
    .map(fields => `socket:[${fields[9]}]`)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return '' // A system without IPv6 has no list of its sockets, and a process may have ended.
  }
}

/** What the open files of a process are; nothing when it has ended or is another account's. */
function linksOf(folder: string): string[] {
  try {
    return readdirSync(folder).map(entry => linkOf(`${folder}/${entry}`))
  } catch {
    return []
  }
}

function linkOf(file: string): string {
  try {
    return readlinkSync(file)
  } catch {
    return '' // It was closed meanwhile.
  }
}
