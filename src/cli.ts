import { runCommandLine } from './commands/command-line.ts'
import { CommandError } from './commands/command.ts'

const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130)
    stop.abort(new CommandError('interrupted'))
  })
}

const exitCode = await runCommandLine(process.argv.slice(2), {
  env: process.env,
  stop: stop.signal,
  out: text => new Promise(resolve => process.stdout.write(text, () => resolve())),
  err: text => void process.stderr.write(text),
})
process.exit(exitCode)
