import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { eventually } from './kafka.ts'

/** A PgBouncer in front of a server of the tests. */
export type PgBouncer = {
  /** The address of a database as it is reached through the pooler. */
  through(address: PostgresAddress): PostgresAddress
  log(): string
  stop(): void
}

const program = ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer', '/opt/homebrew/bin/pgbouncer'].find(
  path => spawnSync(path, ['--version']).status === 0,
)

/** Why there is no PgBouncer here; null when there is one. */
export const pgBouncerUnavailable = program === undefined ? 'pgbouncer is not installed' : null

/**
 * Starts the real PgBouncer with its defaults, and so without `ignore_startup_parameters`.
 *
 * @param mode how it pools
 */
export async function startPgBouncer(server: PostgresAddress, mode: 'session' | 'transaction'): Promise<PgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'orders-pgbouncer-'))
  const port = await freePort()
  const file = join(folder, 'pgbouncer.ini')
  const logFile = join(folder, 'pgbouncer.log')
  const password = server.password === undefined ? '' : ` password=${server.password}`
  writeFileSync(
    file,
    `[databases]
* = host=${server.host} port=${server.port} user=${server.user}${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
max_client_conn = 500
default_pool_size = 100
logfile = ${logFile}
`,
  )
  const account = accountFor(server)
  if (account !== undefined) for (const path of [folder, file]) chownSync(path, account.uid, account.gid)
  const child = spawn(program ?? '', [file], { stdio: 'ignore', ...account })
  const watch = guard('kill -KILL "$1"', [String(child.pid)])
  const log = () => {
    try {
      return readFileSync(logFile, 'utf8')
    } catch {
      return ''
    }
  }
  await eventually(`PgBouncer listens: ${log()}`, () => isListening(port))
  return {
    through: ({ database }) => ({ host: '127.0.0.1', port, user: server.user, password: 'any', database }),
    log,
    stop() {
      child.kill('SIGKILL')
      watch.dismiss()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** It refuses to be root, and has to get to the socket of a server that another account runs. */
function accountFor({ host }: PostgresAddress): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const nobody = { uid: 65_534, gid: 65_534 }
  if (!host.startsWith('/')) return nobody
  const { uid, gid } = statSync(host)
  // The folder of a server of the tests lets root in, who made it.
  if (host.startsWith(tmpdir())) chmodSync(dirname(host), 0o711)
  return uid === 0 ? nobody : { uid, gid }
}

function isListening(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    const settle = (isOpen: boolean) => {
      socket.destroy()
      resolve(isOpen)
    }
    socket.once('connect', () => settle(true))
    socket.once('error', () => settle(false))
  })
}
