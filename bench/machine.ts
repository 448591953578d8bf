import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'

/** The machine of the measurements. */
export type Machine = {
  processor: string
  cores: number
  memoryGib: number
  /** The operating system's kernel. */
  system: string
  bun: string
  postgres: string
  kafka: string
  /** The commit that was measured, with a + when the sources differ from it. */
  commit: string
  startedAt: string
}

/** Describes this machine; the versions of the servers come from the code that starts them. */
export function describeMachine(postgres: string, kafka: string): Machine {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' })
  const commit = git('rev-parse', '--short', 'HEAD').stdout?.trim() || 'unknown'
  const isChanged = git('diff', '--quiet', 'HEAD', '--', '../src', '../migrations').status === 1
  return {
    processor: cpus()[0]?.model.trim() ?? 'unknown processor',
    cores: cpus().length,
    memoryGib: totalmem() / 2 ** 30,
    system: `${type()} ${release()}`,
    bun: Bun.version,
    postgres,
    kafka,
    commit: isChanged ? `${commit}+` : commit,
    startedAt: new Date().toISOString(),
  }
}
