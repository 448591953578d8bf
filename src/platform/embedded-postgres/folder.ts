import { createHash } from 'node:crypto'
import {
  accessSync,
  chmodSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { codeOf, giveTo, initialize, removeAbandoned } from './initdb.ts'
import { type Account, chooseAccount, EmbeddedPostgresError, type Program } from './program.ts'

/** Where everything of one server is. All paths are absolute and free of symbolic links. */
export type Folder = {
  /** What the operator chose. */
  root: string
  /** PostgreSQL's own data directory (PGDATA). */
  data: string
  /** Holds the socket; only the server's account enters it. */
  socket: string
  /** The server's log. */
  log: string
  /** Appears in the title of each of the server's processes, so that what a killed server left can be found. */
  clusterName: string
  account: Account
}

/** The longest path of a socket that both Linux (107 bytes) and macOS (103) take. */
const socketPathSizeBytesMax = 103
const socketFile = '.s.PGSQL.5432'

/**
 * Makes the folder ready for a server: creates what is missing, sets up the data on the first start.
 *
 * @param dataDir where the operator wants the data; created when missing
 * @param sync false: do not wait until the first set-up is on the disk; for tests only
 * @throws EmbeddedPostgresError when it cannot be written, or holds something else than data of this version
 */
export async function prepareFolder(program: Program, dataDir: string, sync: boolean): Promise<Folder> {
  const root = writableRoot(dataDir)
  const data = join(root, 'postgres')
  const account = chooseAccount([data, root])
  const clusterName = `orders-${createHash('sha256').update(data).digest('hex').slice(0, 16)}`
  removeAbandoned(root)
  if (!holdsData(data, program)) await initialize(program, root, data, account, sync)
  return { root, data, socket: socketFolder(root, account), log: join(root, 'postgres.log'), clusterName, account }
}

/** The socket's path, as PostgreSQL and its clients name it. */
export function socketPath(folder: Folder): string {
  return join(folder.socket, socketFile)
}

/** Removes what must not outlive the server: a socket folder outside of the data directory. */
export function removeTemporarySocket(folder: Folder) {
  if (folder.socket === join(folder.root, 'socket')) return
  rmSync(folder.socket, { recursive: true, force: true })
  rmSync(join(folder.root, 'socket'), { force: true })
}

function writableRoot(dataDir: string): string {
  try {
    mkdirSync(dataDir, { recursive: true })
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    return realpathSync(dataDir)
  } catch (error) {
    throw new EmbeddedPostgresError(
      `The data directory ${dataDir} cannot be written (${codeOf(error)}): ` +
        'give it to the user that runs the service, or set DATA_DIR to another one.',
      { cause: error },
    )
  }
}

/** Whether data of the right version are there; false: nothing is. */
function holdsData(data: string, program: Program): boolean {
  const found = versionOf(data)
  if (found === undefined) return false
  if (found === program.major) return true
  throw new EmbeddedPostgresError(
    `The data in ${data} are of PostgreSQL ${found}, and this service brings PostgreSQL ${program.major}: run the old ` +
      'version of the service and move the data with pg_dump, or set DATA_DIR to another directory.',
  )
}

/**
 * The major version of PostgreSQL that the data in a folder are of, like '18'; undefined when there are none.
 *
 * @param data PostgreSQL's own data directory; it need not exist
 * @throws EmbeddedPostgresError when it cannot be read
 */
export function dataVersion(data: string): string | undefined {
  try {
    return readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      `The data in ${data} cannot be read (${codeOf(error)}): ` +
        'start the service as the user they belong to, or set DATA_DIR to another directory.',
      { cause: error },
    )
  }
}

function versionOf(data: string): string | undefined {
  const found = dataVersion(data)
  if (found !== undefined) return found
  try {
    rmdirSync(data) // An empty folder counts as none.
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      `The directory ${data} exists and holds no PostgreSQL data: move it away, or set DATA_DIR to another directory.`,
      { cause: error },
    )
  }
  return undefined
}

/**
 * A folder for the socket: in the data directory, or, where that makes the path too long for a socket, a private one
 * among the temporary files, which a symbolic link in the data directory leads back to.
 */
function socketFolder(root: string, account: Account): string {
  const inside = join(root, 'socket')
  if (Buffer.byteLength(join(inside, socketFile)) <= socketPathSizeBytesMax) {
    if (lstatSync(inside, { throwIfNoEntry: false })?.isSymbolicLink()) unlinkSync(inside)
    mkdirSync(inside, { recursive: true, mode: 0o700 })
    chmodSync(inside, 0o700)
    giveTo(account, inside)
    return inside
  }
  const known = lstatSync(inside, { throwIfNoEntry: false }) ? readlinkSync(inside) : undefined
  const uid = account?.uid ?? process.getuid?.()
  const entry = known === undefined ? undefined : lstatSync(known, { throwIfNoEntry: false })
  // Anybody may have created a temporary file of that name after ours was cleaned up.
  if (known !== undefined && entry?.isDirectory() && entry.uid === uid && (entry.mode & 0o077) === 0) return known
  rmSync(inside, { force: true })
  const made = mkdtempSync(join(realpathSync(tmpdir()), 'orders-postgres-'))
  giveTo(account, made)
  symlinkSync(made, inside)
  return made
}
