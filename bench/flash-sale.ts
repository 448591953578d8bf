import { join } from 'node:path'
import { createLogger } from '../src/platform/log.ts'
import { createPool, type PostgresAddress } from '../src/platform/postgres.ts'
import { moveStock } from '../test/stock.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, settle, withClient } from './environment.ts'
import { type Findings, median, residentFigures } from './figures.ts'
import { databaseSettings, startServiceProcess } from './service-process.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const buyers = 10_000
const units = 500
const connections = 256
/** The first ones warm the services up and are not counted. */
const warmUps = 3
const sales = warmUps + 5

/** The task of the buyers. They are a separate process, so that they do not share an event loop with the benchmark. */
export type Sale = { ports: readonly number[]; connections: number; buyers: number; chrtId: number }

/** What they measured: the time from the first byte sent to the last received, in milliseconds, and answers by status. */
export type SaleResult = {
  perSecond: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  statuses: Record<string, number>
}

/** 10,000 buyers want 500 units of one item, at two instances: exactly as many are sold, and everybody is told at once. */
export async function benchFlashSale({ environment, note, profileFolder }: BenchmarkContext): Promise<Findings> {
  const server = await environment.postgres()
  const address = await createDatabase(server)
  const { folder } = environment
  const start = () => startServiceProcess({ folder, environment: databaseSettings(address), profileFolder })
  const services = [await start(), await start()]
  try {
    const results: SaleResult[] = []
    const endWatch = watchProcessors({
      'one service': services[0]?.pid ?? 0,
      'the other': services[1]?.pid ?? 0,
      PostgreSQL: server.processId(),
    })
    for (let chrtId = 1; chrtId <= sales; chrtId += 1) {
      note(`flash-sale: ${buyers} buyers, ${units} units${chrtId <= warmUps ? ', to warm up' : ''}`)
      const sale = { ports: services.map(({ port }) => port), connections, buyers, chrtId }
      results.push(await hold(address, sale))
    }
    const processors = describeProcessors(endWatch(), 0)
    const counted = results.slice(warmUps)
    const of = (figure: (result: SaleResult) => number) => median(counted.map(figure))
    return {
      figures: [
        {
          what: `decisions, ${connections} connections, two instances`,
          value: of(({ perSecond }) => perSecond),
          unit: 'decisions/s',
          must: { of: 'value', atLeast: 8_000 },
        },
        { what: 'p99', value: of(({ p99Ms }) => p99Ms), unit: 'ms', must: { of: 'value', atMost: 250 } },
        { what: 'p50', value: of(({ p50Ms }) => p50Ms), unit: 'ms' },
        { what: 'slowest', value: Math.max(...counted.map(({ maxMs }) => maxMs)), unit: 'ms' },
        ...residentFigures(residentMaxMib(services[0]?.pid ?? 0)),
      ],
      notes: [
        `${buyers} buyers of ${units} units; exactly ${units} were sold in each of ${sales} sales, to answers with 201`,
        `decisions/s of each: ${counted.map(({ perSecond }) => Math.round(perSecond)).join(', ')}; ${processors}`,
      ],
    }
  } finally {
    for (const service of services) await service.stop()
    await dropDatabase(server, address)
  }
}

/** Holds a sale, and checks what was sold. @throws Error when it is not exactly what there was */
async function hold(address: PostgresAddress, sale: Sale): Promise<SaleResult> {
  const { chrtId } = sale
  const pool = createPool(address, { connectionsMax: 1, name: 'bench', log: createLogger({ level: 'warn' }) })
  await moveStock(pool, { chrtId, quantity: units })
  await pool.end()
  await settle(address)
  const result = await order(sale)
  const { rows } = await withClient(address, client =>
    client.query<{ reserved: number; orders: number }>(
      `select (select reserved::int from stock where chrt_id = $1) as reserved,
              (select count(*)::int from order_items where chrt_id = $1) as orders`,
      [chrtId],
    ),
  )
  const { reserved, orders } = rows[0] ?? {}
  const { 201: sold, 409: refused } = result.statuses
  if (sold !== units || refused !== buyers - units || reserved !== units || orders !== units) {
    throw new Error(`${JSON.stringify(result.statuses)}, ${reserved} reserved and ${orders} stored, of ${units} units`)
  }
  return result
}

async function order(sale: Sale): Promise<SaleResult> {
  const child = Bun.spawn([process.execPath, '--no-env-file', join(import.meta.dirname, 'flash-sale-buyers.ts')], {
    stdin: new Blob([JSON.stringify(sale)]),
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const output = await new Response(child.stdout).text()
  if ((await child.exited) !== 0) throw new Error(`the buyers ended with ${child.exitCode}`)
  return JSON.parse(output) as SaleResult
}
