import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Findings, residentFigures } from './figures.ts'
import { describeFailures, type LoadResult, runLoad } from './load.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { trackItems } from './tracked-items.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const connections = 256
const secondsDefault = 15
/** Until then the engine is still compiling what is called most, and the first writes of each page after a checkpoint are behind. */
const warmUpSeconds = 15
/** How long statements are counted: while they are logged. */
const countedSeconds = 3
/** The items that are sold; of each there is enough. */
const items = 1_000

/**
 * Whole checkouts, durable before each answer: a cart is created, gets two lines, an address and a delivery method, and is checked out;
 * the order takes its stock, and its payment is captured by the sandbox.
 */
export async function benchCheckout(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const seconds = context.seconds ?? secondsDefault
  const server = await environment.postgres()
  const address = await createDatabase(server)
  try {
    await trackItems(address, items, { prices: { USD: 1_200 }, taxClass: 'standard' })
    note(`checkout: the service, ${seconds} s`)
    const measured = await measure(context, address, seconds)
    const { result, committed } = measured
    note('checkout: counting statements')
    const statements = await countStatements(context, address)
    return {
      figures: [
        {
          what: `checkouts, ${connections} connections`,
          value: result.perSecond,
          unit: 'checkouts/s',
          must: { of: 'value', atLeast: 1_000 },
          aim: { of: 'value', atLeast: 1_500 },
        },
        { what: 'p99 of a checkout, five requests', value: result.p99Ms, unit: 'ms' },
        { what: 'p50', value: result.p50Ms, unit: 'ms' },
        { what: 'SQL, a checkout', value: statements, unit: 'statements' },
        { what: 'committed, a checkout', value: committed / result.succeeded, unit: 'transactions' },
        ...residentFigures(measured.residentMib),
      ],
      notes: [
        `the service: ${measured.processors}; every order that was answered is there, and its payment is captured`,
        'statements and transactions include those of workers, and BEGIN, COMMIT and COPY; requests that come together share them',
        ...[describeFailures(result) ?? []].flat(),
      ],
    }
  } finally {
    await dropDatabase(server, address)
  }
}

/** Loads the service, and checks that what it answered is stored. */
async function measure(context: BenchmarkContext, address: PostgresAddress, seconds: number) {
  const { environment, profileFolder } = context
  const server = await environment.postgres()
  const service = await start(context, address, profileFolder)
  try {
    await settle(address)
    const before = await committedIn(address)
    const endWatch = watchProcessors({ service: service.pid, PostgreSQL: server.processId() })
    const result = await load(service.port, seconds)
    const processors = describeProcessors(endWatch(), result.generatorCores)
    const residentMib = residentMaxMib(service.pid)
    await service.stop()
    const committed = (await committedIn(address)) - before
    await checkStored(address, result)
    return { result, committed, processors, residentMib }
  } catch (error) {
    await service.stop()
    throw error
  }
}

async function start({ environment: { folder } }: BenchmarkContext, address: PostgresAddress, profileFolder?: string) {
  const service = await startServiceProcess({ folder, environment: databaseSettings(address), profileFolder })
  const body = JSON.stringify({ name: 'Parcel', prices: { USD: 500 }, countries: ['GB'] })
  const headers = { 'content-type': 'application/json' }
  const response = await fetch(`${service.url}/api/delivery-methods/parcel`, { method: 'PUT', headers, body })
  if (!response.ok) throw new Error(`the delivery method could not be added: ${await response.text()}`)
  return service
}

function load(port: number, seconds: number, warmUp = warmUpSeconds): Promise<LoadResult> {
  return runLoad({ port, connections, seconds, warmUpSeconds: warmUp, requests: { kind: 'check-out', items } })
}

async function checkStored(address: PostgresAddress, { succeeded }: LoadResult): Promise<void> {
  const { rows } = await withClient(address, client =>
    client.query<{ orders: number; captured: number }>(
      `select (select count(*)::int from orders where status = 'confirmed') as orders,
              (select count(*)::int from payments where state = 'captured') as captured`,
    ),
  )
  const { orders = 0, captured = 0 } = rows[0] ?? {}
  if (Math.min(orders, captured) < succeeded)
    throw new Error(
      `${succeeded} checkouts were answered; ${orders} orders are confirmed, ${captured} payments captured`,
    )
}

/** The transactions that were committed in a database until now: its sessions tell when they end. */
async function committedIn(address: PostgresAddress): Promise<number> {
  const { rows } = await withClient(address, client =>
    client.query<{ committed: number }>(
      'select xact_commit::float8 as committed from pg_stat_database where datname = current_database()',
    ),
  )
  return rows[0]?.committed ?? Number.NaN
}

/** Counts the statements of a checkout by the server's log, under the same load: they are logged for its new sessions. */
async function countStatements(context: BenchmarkContext, address: PostgresAddress): Promise<number> {
  const { database } = address
  const log = join(context.environment.folder, 'postgres.log')
  await withClient(address, async client => {
    await client.query(`alter database ${database} set log_statement = 'all'`)
    await client.query(`alter database ${database} set log_parameter_max_length = 0`)
  })
  const service = await start(context, address)
  try {
    const logged = () => countLogged(readFileSync(log, 'latin1'))
    const before = logged()
    const result = await load(service.port, countedSeconds, 0)
    return (logged() - before) / result.succeeded
  } finally {
    await service.stop()
  }
}

function countLogged(text: string): number {
  return text.match(/ LOG: {2}(?:execute|statement)\b/g)?.length ?? 0
}
