import { join } from 'node:path'
import { guard } from '../scripts/kafka-broker/watchdog.ts'
import type { Baseline } from './baseline-server.ts'

export type BaselineProcess = { port: number; pid: number; stop(): Promise<void> }

/** Starts the server that the service is compared with and waits until it listens. */
export async function startBaseline(baseline: Baseline): Promise<BaselineProcess> {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dirname, 'baseline-server.ts')], {
    stdin: new Blob([JSON.stringify(baseline)]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const watch = guard('kill -KILL "$1"', [String(child.pid)])
  const { value } = await child.stdout.getReader().read()
  const port = Number(new TextDecoder().decode(value))
  if (!(port > 0)) throw new Error('the baseline server did not start')
  return {
    port,
    pid: child.pid,
    async stop() {
      child.kill('SIGKILL')
      await child.exited
      watch.dismiss()
    },
  }
}
