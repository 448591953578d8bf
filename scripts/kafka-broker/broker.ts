import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pingKafka } from '../../src/platform/kafka/admin.ts'
import { dockerBackend, whyNoDocker } from './docker-broker.ts'
import { whyNoJava } from './jars.ts'
import { freePort, javaBackend } from './java-broker.ts'

/** Everything that is downloaded or kept between runs; git-ignored. */
export const kafkaCacheDir = resolve(import.meta.dirname, '../../.kafka')
const readyMs = 60_000

export type BackendOptions = {
  port: number
  dataDir: string
  cacheDir: string
  partitions: number
  temporary: boolean
  shortLived: boolean
  guarded: GuardedListener | undefined
  log(line: string): void
}

/** A second listener of a broker, with TLS and a login. */
export type GuardedListener = {
  port: number
  /** A PEM file with the broker's key and certificate, and one with the authority of its clients, who have to show one. */
  keyPath: string
  authorityPath: string
  /** They may log in by PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. */
  user: string
  password: string
  /** How long a login lasts, in milliseconds. */
  loginMs: number
}

/** One way to run a broker; `startKafkaBroker` puts the same life cycle on each. */
export type Backend = {
  start(): Promise<void>
  /** The process, or null while there is none (or none of this machine's own). */
  pid(): number | null
  /** Whether it ended without being told to. */
  hasDied(): boolean
  signal(name: 'SIGSTOP' | 'SIGCONT'): void
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Deletes its data; called while it is down. */
  forget(): Promise<void>
  lastWords(): Promise<string>
}

export type KafkaBroker = {
  /** The value for KAFKA_BROKERS: `127.0.0.1:9092`. The same after a restart. */
  readonly brokers: string
  /** The broker's process; null while it is down and where it runs in a container. */
  readonly pid: number | null
  /** Whether it ended without being told to. */
  readonly hasDied: boolean
  /** Freezes it: connections stay open and are accepted, nothing answers. */
  pause(): void
  resume(): void
  /** Ends it the hard way and waits until it is gone; its data stay. */
  kill(): Promise<void>
  /** Starts it again on the same port and data, ending it first if it runs; resolves when it answers. */
  restart(): Promise<void>
  /** Ends it the hard way and deletes everything it stored. */
  wipe(): Promise<void>
  /** Ends it cleanly; the data of a temporary one are removed. */
  stop(): Promise<void>
}

/**
 * Whether a broker can be started on this machine.
 *
 * @returns null if so, otherwise one sentence that says what is needed
 */
export function kafkaBrokerAvailability(): string | null {
  const noJava = whyNoJava(kafkaCacheDir)
  const noDocker = noJava === null ? null : whyNoDocker()
  if (noJava === null || noDocker === null) return null
  return `A Kafka broker needs Java 17 or later and Maven (${noJava}), or Docker (${noDocker}), or KAFKA_BROKERS set to one that runs.`
}

/**
 * Starts a real Apache Kafka on the loopback interface and waits until it answers. It ends with this process, even
 * when this process is killed.
 *
 * @param options port: any free one unless given; dataDir: kept between starts unless `temporary`; partitions: of a
 *   topic that does not say how many; shortLived: starts with less work, and serves many
 *   messages with more; guarded: a second listener, with Java only; log: takes progress lines
 * @throws Error when nothing here can run one, or when it does not come up within a minute
 */
export async function startKafkaBroker(options: {
  port?: number
  dataDir: string
  partitions?: number
  temporary?: boolean
  shortLived?: boolean
  guarded?: GuardedListener
  log(line: string): void
}): Promise<KafkaBroker> {
  const unavailable = kafkaBrokerAvailability()
  if (unavailable) throw new Error(unavailable)
  const settings: BackendOptions = {
    port: options.port ?? (await freePort()),
    dataDir: resolve(options.dataDir),
    cacheDir: kafkaCacheDir,
    partitions: options.partitions ?? 4,
    temporary: options.temporary ?? false,
    shortLived: options.shortLived ?? false,
    guarded: options.guarded,
    log: options.log,
  }
  if (settings.guarded && whyNoJava(kafkaCacheDir) !== null) throw new Error('A guarded listener needs Java and Maven')
  const backend = whyNoJava(kafkaCacheDir) === null ? javaBackend(settings) : dockerBackend(settings)
  const brokers = `127.0.0.1:${settings.port}`
  const start = async () => {
    await backend.start()
    await untilItAnswers(brokers, backend)
  }
  await start()
  return {
    brokers,
    get pid() {
      return backend.pid()
    },
    get hasDied() {
      return backend.hasDied()
    },
    pause: () => backend.signal('SIGSTOP'),
    resume: () => backend.signal('SIGCONT'),
    kill: () => backend.end('SIGKILL'),
    async restart() {
      await backend.end('SIGTERM')
      await start()
    },
    async wipe() {
      await backend.end('SIGKILL')
      await backend.forget()
    },
    async stop() {
      await backend.end(settings.temporary ? 'SIGKILL' : 'SIGTERM')
      if (!settings.temporary) return
      await backend.forget()
      await rm(settings.dataDir, { recursive: true, force: true })
    },
  }
}

async function untilItAnswers(brokers: string, backend: Backend): Promise<void> {
  const deadline = Date.now() + readyMs
  for (;;) {
    try {
      await pingKafka({ brokers: brokers.split(',') }, 2000)
      return
    } catch (error) {
      if (Date.now() > deadline || backend.hasDied()) {
        await backend.end('SIGKILL')
        throw new Error(`The broker did not come up. Its last words:\n${await backend.lastWords()}`, { cause: error })
      }
      await sleep(100)
    }
  }
}
