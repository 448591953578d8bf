import type { Logger } from '../log.ts'
import type { PostgresAddress } from '../postgres.ts'
import { prepareFolder, removeTemporarySocket } from './folder.ts'
import { addressOf } from './owner.ts'
import { boundLog } from './process.ts'
import { EmbeddedPostgresError, findProgram } from './program.ts'
import { Supervisor } from './supervisor.ts'

export { EmbeddedPostgresError }

/** A PostgreSQL server that belongs to this process. */
export type EmbeddedPostgres = {
  /** Stays the same when the server restarts. */
  address: PostgresAddress
  /** Like '18.4'. */
  serverVersion: string
  /** The server's first process; undefined while it is down. */
  processId(): number | undefined
  /** Calls the listener with a reason when the server ended unexpectedly. It is restarted in any case. */
  onExit(listener: (reason: string) => void): void
  /** Stops the server and resolves when none of its processes is left. May be called more than once. */
  stop(): Promise<void>
}

/**
 * Tuned to write orders as fast as a small machine can without ever losing an acknowledged one. The server's log must not hold
 * recipients' data, so it leaves out statements and the details of errors, which quote rows.
 */
const orderServiceSettings = {
  listen_addresses: '',
  max_connections: '50',
  fsync: 'on',
  synchronous_commit: 'on',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  // Few and slow checkpoints: after each one every page is written in full to the WAL once more.
  max_wal_size: '4GB',
  min_wal_size: '512MB',
  checkpoint_timeout: '15min',
  wal_buffers: '16MB',
  // CPU is scarcer than the disk here: compressing WAL pages made inserts about 10 % slower, and I/O worker processes another 8 %;
  // both together made creating a database four times slower.
  wal_compression: 'off',
  io_method: 'sync',
  random_page_cost: '1.1',
  jit: 'off',
  log_error_verbosity: 'terse',
  log_min_error_statement: 'panic',
  log_line_prefix: '%m [%p] ',
}

/**
 * Runs a PostgreSQL server for the service: sets it up on the first start, adopts one that a killed service has left running, and
 * restarts it whenever it dies. It listens on a socket that only its account and root can open.
 *
 * @param options dataDir: where its data, socket and log are, created when missing; database: its name, 'orders' unless
 *   given, created when missing; settings: PostgreSQL's settings by name, over those for the service; stopTimeoutMs: how
 *   long `stop` waits for an orderly shutdown before it uses force, 20 s unless given; durable: false only in tests, may
 *   lose data with the machine; signal: gives up a start under way, and ends what was started
 * @returns the server, ready for connections
 * @throws EmbeddedPostgresError, one sentence for the operator, when it cannot run; the signal's reason when given up
 */
export async function startEmbeddedPostgres(options: {
  dataDir: string
  log: Logger
  database?: string
  settings?: Record<string, string>
  stopTimeoutMs?: number
  durable?: boolean
  signal?: AbortSignal
}): Promise<EmbeddedPostgres> {
  const { dataDir, log, database = 'orders', durable = true, stopTimeoutMs = 20_000, signal } = options
  const program = findProgram()
  const folder = await prepareFolder(program, dataDir, durable).catch(error => {
    throw asSentence(error, dataDir)
  })
  const risks = durable ? {} : { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' }
  const settings = { ...orderServiceSettings, ...risks, ...options.settings }
  const supervisor = new Supervisor({ program, folder, settings, database, stopTimeoutMs, log })
  let logTimer: NodeJS.Timeout | undefined
  const stop = async () => {
    clearInterval(logTimer)
    await supervisor.stop()
    removeTemporarySocket(folder)
  }
  const giveUp = () => supervisor.interrupt()
  signal?.addEventListener('abort', giveUp)
  try {
    signal?.throwIfAborted()
    await supervisor.secure()
    signal?.throwIfAborted()
  } catch (error) {
    await supervisor.stop()
    throw signal?.aborted ? signal.reason : asSentence(error, dataDir)
  } finally {
    signal?.removeEventListener('abort', giveUp)
  }
  logTimer = setInterval(() => boundLog(folder), 60_000).unref()
  return {
    address: addressOf(folder, database),
    serverVersion: program.version,
    processId: () => supervisor.processId(),
    onExit: listener => supervisor.onExit(listener),
    stop,
  }
}

/** Describes an error of the system for the operator; returns other errors as they are. */
function asSentence(error: unknown, dataDir: string): unknown {
  if (error instanceof EmbeddedPostgresError || !(error instanceof Error) || !('code' in error)) return error
  const sentence =
    error.code === 'ENOSPC'
      ? `The disk of ${dataDir} is full: free some space and start again.`
      : `PostgreSQL cannot work in the data directory ${dataDir}: ${error.message}.`
  return new EmbeddedPostgresError(sentence, { cause: error })
}
