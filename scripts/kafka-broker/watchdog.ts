import { spawn } from 'node:child_process'

/**
 * Ends a broker whose owner is gone, however the owner ended: a shell waits for its standard input to close, which
 * the kernel does even after kill -9.
 *
 * @param whenOrphaned what the shell then runs; `$1` … are `args`
 * @returns dismiss: the owner ended the broker itself, the shell goes away without doing anything
 */
export function guard(whenOrphaned: string, args: readonly string[]): { dismiss(): void } {
  const script = `read -r word; [ "$word" = dismissed ] && exit 0\n${whenOrphaned}`
  // A group of its own, so that Ctrl-C in a terminal does not end the guard before what it guards.
  const shell = spawn('sh', ['-c', script, 'kafka-guard', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  return { dismiss: () => void shell.stdin.end('dismissed\n') }
}
