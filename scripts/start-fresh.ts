import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pingKafka } from '../src/platform/kafka/admin.ts'
import { kafkaBrokerAvailability, kafkaCacheDir, startKafkaBroker } from './kafka-broker/broker.ts'

/**
 * Starts a system from scratch, without Docker: removes the embedded database, for which db-reset asks (not with `--yes`),
 * then runs an empty broker, where this machine can run one and KAFKA_BROKERS names no other, and the service on it. Ends, with all
 * of it, on Ctrl-C.
 */

const root = join(import.meta.dirname, '..')
const dataDir = join(kafkaCacheDir, 'data')
const port = 9092

let service: ChildProcess | undefined
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // Before there is a service this process may end at once: the guard of the broker then ends the broker.
  process.on(signal, () => (service === undefined ? process.exit(130) : service.kill('SIGTERM')))
}

const args = process.argv.slice(2)
const reset = spawnSync(join(root, 'orders'), ['db-reset', ...args], { stdio: 'inherit' })
if (reset.status !== 0) process.exit(reset.status ?? 1)

const unavailable = process.env.KAFKA_BROKERS ? undefined : kafkaBrokerAvailability()
if (unavailable) console.error(`Without Kafka. ${unavailable}`)
const broker = process.env.KAFKA_BROKERS || unavailable ? undefined : await startEmptyBroker()
const code = await serve(broker === undefined ? {} : { KAFKA_BROKERS: broker.brokers })
await broker?.stop()
process.exit(code)

async function startEmptyBroker() {
  const answers = await pingKafka({ brokers: [`127.0.0.1:${port}`] }, 2_000).then(
    () => true,
    () => false,
  )
  if (answers) fail(`A broker runs on port ${port} already: stop it first, or set KAFKA_BROKERS to use it as it is.`)
  rmSync(join(dataDir, 'log'), { recursive: true, force: true })
  try {
    return await startKafkaBroker({ port, dataDir, log: line => console.error(line) })
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function fail(sentence: string): never {
  console.error(sentence)
  process.exit(1)
}

/** Runs the service until it ends. In a group of its own, so that Ctrl-C reaches it once: by us. */
function serve(env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, ['--no-env-file', join(root, 'src', 'main.ts')], {
    env: { ...process.env, ...env },
    stdio: 'inherit',
    detached: true,
  })
  service = child
  return new Promise(resolve => child.once('close', exitCode => resolve(exitCode ?? 1)))
}
