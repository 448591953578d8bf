import type { PostgresAddress } from '../src/platform/postgres.ts'
import { startBaseline } from './baseline-process.ts'
import type { Build } from './builds.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Findings, median, residentFigures } from './figures.ts'
import { describeFailures, type LoadResult, runLoad } from './load.ts'
import { connectionsOneByOne } from './one-by-one.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const connections = 256
const secondsDefault = 60
const baselineSecondsMax = 15
const warmUpSeconds = 3

/**
 * POST /api/orders, durable before the answer, over a server that stores each order by its own transaction. The baseline is
 * measured before and after the service, because the load of others on this machine comes and goes.
 */
export async function benchPost(context: BenchmarkContext): Promise<Findings> {
  const seconds = context.seconds ?? secondsDefault
  context.note('post: the baseline')
  const before = await loadBaseline(context, Math.min(seconds, baselineSecondsMax))
  context.note(`post: the service, ${seconds} s`)
  const service = await loadService(context, seconds)
  context.note('post: the baseline again')
  const after = await loadBaseline(context, Math.min(seconds, baselineSecondsMax))
  const { result, residentMib } = service
  const p99 = { what: 'the same', value: median([before.p99Ms, after.p99Ms]) }
  return {
    figures: [
      {
        what: `orders, ${connections} connections`,
        value: result.perSecond,
        unit: 'orders/s',
        against: {
          what: `one transaction each, ${connectionsOneByOne} conn.`,
          value: (before.perSecond + after.perSecond) / 2,
        },
        must: { of: 'ratio', atLeast: 5 },
        aim: { of: 'value', atLeast: 15_000 },
      },
      {
        what: 'p99',
        value: result.p99Ms,
        unit: 'ms',
        against: p99,
        must: { of: 'value', atMost: 75 },
        aim: { of: 'value', atMost: 40 },
      },
      { what: 'p50', value: result.p50Ms, unit: 'ms', against: { ...p99, value: median([before.p50Ms, after.p50Ms]) } },
      {
        what: 'slowest',
        value: result.maxMs,
        unit: 'ms',
        against: { ...p99, value: Math.max(before.maxMs, after.maxMs) },
      },
      ...residentFigures(residentMib),
    ],
    notes: [
      `the service: ${service.processors}`,
      `the baseline ${Math.round(before.perSecond)} and ${Math.round(after.perSecond)} orders/s; every acknowledged order was found in the database`,
      ...[describeFailures(result) ?? []].flat(),
    ],
  }
}

async function loadBaseline({ environment }: BenchmarkContext, seconds: number): Promise<LoadResult> {
  const server = await environment.postgres()
  const address = await createDatabase(server)
  const baseline = await startBaseline({ kind: 'post', address })
  try {
    return await load(baseline.port, seconds, address)
  } finally {
    await baseline.stop()
    await dropDatabase(server, address)
  }
}

/** POSTs orders to a service of its own. @param build whose service; this one's when undefined */
export async function loadService({ environment, profileFolder }: BenchmarkContext, seconds: number, build?: Build) {
  const server = await environment.postgres()
  const address = await createDatabase(server, build)
  const service = await startServiceProcess({
    folder: environment.folder,
    environment: databaseSettings(address),
    profileFolder,
    build,
  })
  try {
    const startedMs = performance.now()
    const endWatch = watchProcessors({ service: service.pid, PostgreSQL: server.processId() })
    const result = await load(service.port, seconds, address)
    const cores = endWatch()
    const each = (name: string) => ((cores?.[name] ?? 0) * (performance.now() - startedMs) * 1000) / result.succeeded
    return {
      result,
      microseconds: cores && { service: each('service'), postgres: each('PostgreSQL') },
      processors: describeProcessors(cores, result.generatorCores),
      residentMib: residentMaxMib(service.pid),
    }
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

/** Loads a server, and checks that the database has an order for each that was acknowledged. */
async function load(port: number, seconds: number, address: PostgresAddress): Promise<LoadResult> {
  await settle(address)
  const result = await runLoad({ port, connections, seconds, warmUpSeconds, requests: { kind: 'post-orders' } })
  const { rows } = await withClient(address, client =>
    client.query<{ orders: number }>('select count(*)::int as orders from orders'),
  )
  const stored = rows[0]?.orders ?? 0
  // More may be stored: an order whose answer did not come in time.
  if (stored < result.succeeded)
    throw new Error(`${result.succeeded} orders were acknowledged, and ${stored} are stored`)
  return result
}
