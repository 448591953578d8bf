import { realpathSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresAddress } from '../postgres.ts'
import { dataVersion, type Folder } from './folder.ts'
import { addressOf, connect, isOwned, unreachable, versionOf } from './owner.ts'
import { runningServer } from './process.ts'

/** A server that runs on a data directory already. */
export type RunningPostgres = {
  address: PostgresAddress
  /** Of its first process. */
  pid: number
  /** Like '18.4'. */
  serverVersion: string
  /** Whether a running service owns it; false: a killed one left it behind. */
  isOwned: boolean
}

/**
 * Finds the server that runs on a data directory, without changing anything there or adopting it.
 *
 * @param dataDir where the service keeps its data; it need not exist
 * @param database the name of the database in the address, 'orders' unless given
 * @returns undefined when none runs
 * @throws EmbeddedPostgresError when one runs that does not let this account in, or not yet
 */
export async function findRunningPostgres(dataDir: string, database = 'orders'): Promise<RunningPostgres | undefined> {
  const folder = existingFolder(dataDir)
  const running = folder && runningServer(folder)
  if (folder === undefined || running === undefined) return undefined
  const client = await connect(folder)
  if (client === undefined) throw unreachable(folder, running.pid)
  try {
    return {
      address: addressOf(folder, database),
      pid: running.pid,
      serverVersion: await versionOf(client),
      isOwned: await isOwned(client),
    }
  } finally {
    await client.end().catch(() => undefined)
  }
}

/**
 * Returns the major version of the server that was set up in a data directory, like '18'; undefined when none ever was.
 *
 * @param dataDir where the service keeps its data; it need not exist
 * @throws EmbeddedPostgresError when it cannot be read
 */
export function findSetUpVersion(dataDir: string): string | undefined {
  return dataVersion(join(dataDir, 'postgres'))
}

/** Reads the folder as a start has left it, without what only a start needs: the account, the cluster's name. */
function existingFolder(dataDir: string): Folder | undefined {
  try {
    const root = realpathSync(dataDir)
    const socket = realpathSync(join(root, 'socket'))
    return {
      root,
      data: join(root, 'postgres'),
      socket,
      log: join(root, 'postgres.log'),
      clusterName: '',
      account: undefined,
    }
  } catch {
    return undefined // No service was ever started there.
  }
}
