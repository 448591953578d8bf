import { spawn } from 'node:child_process'
import { chownSync, closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Account, commandFor, EmbeddedPostgresError, type Program } from './program.ts'

/**
 * Sets up the data directory under a temporary name and renames it, so that a set-up that was killed leaves nothing that looks like
 * data, and two that run at once cannot mix.
 *
 * @param root the folder they are set up in
 * @param data their final path, inside of root, at which nothing is yet
 * @param sync false: do not wait until they are on the disk
 * @throws EmbeddedPostgresError when the disk is full or initdb cannot work
 */
export async function initialize(program: Program, root: string, data: string, account: Account, sync: boolean) {
  const beside = join(root, `postgres.new-${process.pid}`)
  mkdirSync(beside, { mode: 0o700 })
  giveTo(account, beside)
  const args = ['-D', beside, '-U', 'postgres', '-E', 'UTF8', '--locale=C', '--auth-local=trust', '--auth-host=reject']
  const problem = await runInitdb(program, sync ? args : [...args, '--no-sync'], account, root)
  try {
    if (problem !== undefined) throw new EmbeddedPostgresError(problem)
    renameSync(beside, data)
  } catch (error) {
    rmSync(beside, { recursive: true, force: true })
    // Another process was faster. The lock in the database decides which of the two goes on.
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return
    throw error
  }
  const directory = openSync(root, 'r')
  if (sync) fsyncSync(directory)
  closeSync(directory)
}

/** Removes set-ups that were begun in the folder and whose process is gone. */
export function removeAbandoned(root: string) {
  for (const name of readdirSync(root)) {
    const pid = Number(/^postgres\.new-(\d+)$/.exec(name)?.[1])
    if (pid && (pid === process.pid || !processExists(pid))) rmSync(join(root, name), { recursive: true, force: true })
  }
}

/** Whether a process with this id exists, even one that has ended and was not reaped yet. */
export function processExists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) === 'EPERM'
  }
}

/** @returns the problem, in a sentence; undefined when it worked */
function runInitdb(program: Program, args: string[], account: Account, root: string): Promise<string | undefined> {
  const command = commandFor(program, 'initdb', args, account, [root])
  return new Promise(resolve => {
    const child = spawn(command.file, command.args, { ...command.options, stdio: ['ignore', 'ignore', 'pipe'] })
    let complaint = ''
    child.stderr.on('data', chunk => {
      complaint += chunk
    })
    child.on('error', error => resolve(`PostgreSQL's initdb cannot be started (${error.message}): run "npm ci".`))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(undefined)
      else if (/No space left/.test(complaint)) resolve(`The disk of ${root} is full: PostgreSQL needs about 100 MB.`)
      else
        resolve(
          `PostgreSQL's data could not be set up in ${root} (initdb ended with ${code ?? signal}): ${complaint.trim()}`,
        )
    })
  })
}

/** Gives a file or folder that this process made to the account the server runs as. */
export function giveTo(account: Account, path: string) {
  if (account) chownSync(path, account.uid, account.gid)
}

/** The code of an error of the system, like ENOENT; the error as text when it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
