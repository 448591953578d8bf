import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** A checkout of the service: this one, or that of another commit. */
export type Build = Readonly<{ name: string; root: string }>

export const thisBuild: Build = { name: 'this build', root: join(import.meta.dirname, '..') }

/**
 * Checks out another commit into a folder of its own, with the dependencies that it names. The runtime is the one that runs the benchmark:
 * what is compared is the code.
 *
 * @param revision anything that Git takes for a commit
 * @param folder where it may be
 * @throws Error with what Git or npm said
 */
export async function checkOutBuild(revision: string, folder: string): Promise<Build> {
  const here = thisBuild.root
  const commit = (await run(['git', 'rev-parse', '--verify', '--short', `${revision}^{commit}`], here)).trim()
  const root = join(folder, `build-${commit}`)
  mkdirSync(root)
  await run(['git', 'archive', '--format=tar', `--output=${root}.tar`, commit], here)
  await run(['tar', '-xf', `${root}.tar`], root)
  await run(['npm', 'ci', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], root)
  return { name: commit, root }
}

async function run(command: readonly string[], cwd: string): Promise<string> {
  const child = Bun.spawn([...command], { cwd, stdout: 'pipe', stderr: 'pipe' })
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()])
  if ((await child.exited) === 0) return output
  throw new Error(`${command.slice(0, 2).join(' ')} ended with ${child.exitCode}: ${errors.trim()}`)
}
