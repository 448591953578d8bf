import { ConfigError, readConfig, variablesOf } from './config.ts'
import { modules } from './modules.ts'
import { EmbeddedPostgresError } from './platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from './platform/log.ts'
import { MigrationError } from './platform/migrations.ts'
import { filesRoot, settingsRoot } from './platform/root.ts'
import { ListenError } from './platform/server.ts'
import { type Service, StartRefusedError, startService } from './service.ts'
import { version } from './version.ts'

const help = `Orders ${version}: takes, keeps and publishes orders until it is told to stop.

Usage: ./orders run         with the settings of .env.local, if there is one, and of the environment, which win
       make run             the same, after installing and building what is missing
       ./orders COMMAND     for the other commands; ./orders --help lists them

Environment:
${variablesOf(modules)
  .map(({ name, preset, meaning }) => `  ${name.padEnd(30)}${meaning}${preset === '' ? '' : ` (${preset})`}`)
  .join('\n')}
`

/** Runs the service until SIGINT or SIGTERM. Exit codes: 0 stopped as asked, 1 could not start. */
async function main(): Promise<number> {
  // The program that also has the commands serves with the word `run`.
  const [argument] = process.argv.slice(process.argv[2] === 'run' ? 3 : 2)
  if (argument === '--help' || argument === '-h') {
    process.stdout.write(help)
    return 0
  }
  if (argument !== undefined) return fail(`unknown argument ${argument}; see --help`)

  // PostgreSQL's driver announces that its next major version has no queue of queries. Its version is pinned, and the line is no
  // line of this log.
  process.noDeprecation = true
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal ends the process at once. What was acknowledged is durable.
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }

  let service: Service
  try {
    const config = readConfig(modules, process.env, settingsRoot, filesRoot)
    const log = createLogger({ level: config.logLevel })
    process.on('unhandledRejection', error => log.error({ err: error }, 'an unhandled promise rejection'))
    service = await startService(config, log, stop.signal)
  } catch (error) {
    if (stop.signal.aborted) return 0
    return fail(sentenceOf(error))
  }
  process.stdout.write(service.summary)
  if (!stop.signal.aborted) await new Promise(resolve => stop.signal.addEventListener('abort', resolve))
  process.stdout.write('stopping: finishing what is under way\n')
  await service.stop()
  return 0
}

function sentenceOf(error: unknown): string {
  const expected = [ConfigError, EmbeddedPostgresError, ListenError, MigrationError, StartRefusedError]
  if (expected.some(type => error instanceof type)) return (error as Error).message
  // A host with several addresses fails with one error each.
  const causes = error instanceof AggregateError ? error.errors : [error]
  return `cannot start: ${causes.map(cause => (cause instanceof Error ? cause.message : cause)).join('; ')}`
}

function fail(sentence: string): number {
  process.stderr.write(`${sentence}\n`)
  return 1
}

process.exit(await main())
