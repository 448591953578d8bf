import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientConfig } from 'pg'
import { startKafkaBroker } from '../scripts/kafka-broker/broker.ts'
import { kafkaVersion } from '../scripts/kafka-broker/jars.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../src/platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from '../src/platform/log.ts'
import { migrate } from '../src/platform/migrations.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { endWithThisProcess } from '../test/end-with-this-process.ts'
import { type Build, thisBuild } from './builds.ts'

/** The servers that benchmarks share: one PostgreSQL with the settings of the service, durable, and one Kafka broker. */
export type Environment = {
  /** A folder for whatever a benchmark writes; it goes with the environment. */
  folder: string
  /** Starts the server when it is first asked for. */
  postgres(): Promise<EmbeddedPostgres>
  /** Starts the broker when it is first asked for; that of KAFKA_BROKERS is used where it is set. */
  kafka(): Promise<{ brokers: string; pid: number | undefined }>
  kafkaVersion(): string
  close(): Promise<void>
}

/**
 * Makes an environment; nothing is started before it is needed.
 *
 * @param note prints a line of progress
 */
export function createEnvironment(note: (line: string) => void): Environment {
  const folder = mkdtempSync(join(tmpdir(), 'orders-bench-'))
  const configured = process.env.KAFKA_BROKERS
  let postgres: Promise<EmbeddedPostgres> | undefined
  let endWatch = () => {}
  let broker: ReturnType<typeof startKafkaBroker> | undefined
  return {
    folder,
    postgres() {
      endWatch = postgres === undefined ? endWithThisProcess(folder) : endWatch
      postgres ??= startEmbeddedPostgres({ dataDir: folder, log: createLogger({ level: 'warn' }) })
      return postgres
    },
    async kafka() {
      if (configured) return { brokers: configured, pid: undefined }
      broker ??= startKafkaBroker({ dataDir: join(folder, 'kafka'), temporary: true, log: note })
      const { brokers, pid } = await broker
      return { brokers, pid: pid ?? undefined }
    },
    kafkaVersion: () => (configured ? 'of KAFKA_BROKERS' : broker === undefined ? 'not started' : kafkaVersion),
    async close() {
      await (await broker?.catch(() => undefined))?.stop()
      await (await postgres?.catch(() => undefined))?.stop()
      rmSync(folder, { recursive: true, force: true })
      endWatch()
    },
  }
}

let databases = 0

/** A new database with the service's empty tables. @param build whose tables; this one's when undefined */
export async function createDatabase(server: EmbeddedPostgres, build: Build = thisBuild): Promise<PostgresAddress> {
  const address = await createEmptyDatabase(server)
  await migrate(address, join(build.root, 'migrations'))
  await settle(address)
  return address
}

/** A new database without tables. */
export async function createEmptyDatabase(server: EmbeddedPostgres): Promise<PostgresAddress> {
  databases += 1
  const address = { ...server.address, database: `bench_${databases}` }
  await withClient(server.address, client => client.query(`create database ${address.database}`))
  return address
}

/** Removes a database, so that its partition maintenance does not run while others are measured. */
export async function dropDatabase(server: EmbeddedPostgres, address: PostgresAddress): Promise<void> {
  await withClient(server.address, client => client.query(`drop database if exists ${address.database} with (force)`))
}

/** Runs a checkpoint, so that a measurement does not pay for what came before it. */
export async function settle(address: PostgresAddress): Promise<void> {
  await withClient(address, client => client.query('checkpoint'))
}

/** Works on a connection of its own. */
export async function withClient<Result>(
  address: PostgresAddress,
  work: (client: Client) => Promise<Result>,
): Promise<Result> {
  const client = new Client(address as ClientConfig)
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
