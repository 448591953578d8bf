import { execFile, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import type { Backend, BackendOptions } from './broker.ts'
import { kafkaVersion } from './jars.ts'
import { guard } from './watchdog.ts'

const execute = promisify(execFile)
const image = `apache/kafka:${kafkaVersion}`

/** @returns null if a Docker engine answers, otherwise what is missing, as half a sentence */
export function whyNoDocker(): string | null {
  const docker = spawnSync('docker', ['info'], { encoding: 'utf8', timeout: 10_000 })
  return docker.error || docker.status !== 0 ? 'no Docker engine answers' : null
}

/**
 * Apache Kafka in a container. Its data are in a volume named after `dataDir`, because a folder of the host would
 * belong to the wrong user inside.
 */
export function dockerBackend(options: BackendOptions): Backend {
  const name = `kafka-${createHash('sha256').update(options.dataDir).digest('hex').slice(0, 12)}`
  let watch: { dismiss(): void } | undefined
  let isUp = false

  return {
    async start() {
      await execute('docker', ['rm', '--force', name]).catch(() => {})
      options.log(`starting ${image} in Docker; its first start downloads it`)
      const settings = environment(options).flatMap(setting => ['--env', setting])
      const volume = `${name}:/var/lib/kafka/data`
      const port = `127.0.0.1:${options.port}:${options.port}`
      const detached = ['run', '--detach', '--name', name, '--publish', port, '--volume', volume]
      await execute('docker', [...detached, ...settings, image])
      isUp = true
      const orphaned = `docker rm --force "$1"${options.temporary ? '; docker volume rm --force "$1"' : ''}`
      watch = guard(orphaned, [name])
    },
    pid: () => null,
    hasDied: () => isUp && isGone(name),
    signal: signal => void spawnSync('docker', [signal === 'SIGSTOP' ? 'pause' : 'unpause', name]),
    async end(signal) {
      if (!isUp) return
      await execute('docker', ['unpause', name]).catch(() => {})
      if (signal === 'SIGTERM') await execute('docker', ['stop', '--time', '10', name]).catch(() => {})
      await execute('docker', ['rm', '--force', name])
      isUp = false
      watch?.dismiss()
    },
    forget: async () => void (await execute('docker', ['volume', 'rm', '--force', name])),
    lastWords: async () => {
      const { stdout, stderr } = await execute('docker', ['logs', '--tail', '30', name]).catch(() => ({
        stdout: '',
        stderr: '',
      }))
      return `${stdout}${stderr}`
    },
  }
}

function isGone(name: string): boolean {
  const answer = spawnSync('docker', ['inspect', '--format', '{{.State.Running}}', name], { encoding: 'utf8' })
  return answer.stdout?.trim() === 'false'
}

function environment(options: BackendOptions): string[] {
  return [
    'KAFKA_NODE_ID=1',
    'KAFKA_PROCESS_ROLES=broker,controller',
    'KAFKA_CONTROLLER_QUORUM_VOTERS=1@localhost:29093',
    'KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER',
    `KAFKA_LISTENERS=PLAINTEXT://:${options.port},CONTROLLER://localhost:29093`,
    `KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:${options.port}`,
    'KAFKA_LISTENER_SECURITY_PROTOCOL_MAP=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'KAFKA_LOG_DIRS=/var/lib/kafka/data',
    `KAFKA_NUM_PARTITIONS=${options.partitions}`,
    'KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR=1',
    'KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS=1',
    'KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR=1',
    'KAFKA_TRANSACTION_STATE_LOG_MIN_ISR=1',
    'KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS=0',
    'KAFKA_AUTO_CREATE_TOPICS_ENABLE=false',
    'KAFKA_HEAP_OPTS=-Xmx512m',
  ]
}
