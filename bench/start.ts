import { join } from 'node:path'
import { startEmbeddedPostgres } from '../src/platform/embedded-postgres/embedded-postgres.ts'
import { createLogger } from '../src/platform/log.ts'
import { endWithThisProcess } from '../test/end-with-this-process.ts'
import type { BenchmarkContext } from './context.ts'
import { type Findings, median } from './figures.ts'
import { startServiceProcess } from './service-process.ts'
import { storeOrders } from './stored-orders.ts'

const ordersDefault = 100_000
const startsOfOld = 5
const startsOfNew = 3

/**
 * From exec to the first 200 of /readyz, on a data directory that has orders in it and on a new one, with the service's own
 * PostgreSQL; and how much of that is the PostgreSQL alone.
 */
export async function benchStart(context: BenchmarkContext): Promise<Findings> {
  const { environment, note } = context
  const orders = context.orders ?? ordersDefault
  const newMs: number[] = []
  for (let index = 0; index < startsOfNew; index++) {
    note('start: a new data directory')
    newMs.push(await timeStart(environment.folder, join(environment.folder, `new-${index}`)))
  }
  const old = join(environment.folder, 'new-0')
  const log = createLogger({ level: 'warn' })
  note(`start: a directory with ${orders} orders`)
  const server = await startEmbeddedPostgres({ dataDir: old, log })
  await storeOrders(server.address, orders, { withLines: true })
  await server.stop()
  const oldMs: number[] = []
  const aloneMs: number[] = []
  for (let index = 0; index < startsOfOld; index++) {
    oldMs.push(await timeStart(environment.folder, old))
    const startedMs = performance.now()
    const alone = await startEmbeddedPostgres({ dataDir: old, log })
    aloneMs.push(performance.now() - startedMs)
    await alone.stop()
  }
  const spread = (times: readonly number[]) => times.map(ms => (ms / 1000).toFixed(2)).join(', ')
  return {
    figures: [
      {
        what: `ready, ${orders} orders`,
        value: median(oldMs) / 1000,
        unit: 's',
        against: { what: 'its PostgreSQL alone', value: median(aloneMs) / 1000 },
        must: { of: 'value', atMost: 1.5 },
        aim: { of: 'value', atMost: 0.8 },
      },
      { what: 'ready, new directory', value: median(newMs) / 1000, unit: 's' },
    ],
    notes: [`s, with orders: ${spread(oldMs)}; PostgreSQL alone: ${spread(aloneMs)}; new: ${spread(newMs)}`],
  }
}

async function timeStart(folder: string, dataDir: string): Promise<number> {
  const endWatch = endWithThisProcess(dataDir)
  const service = await startServiceProcess({ folder, environment: { DATA_DIR: dataDir } })
  await service.stop()
  keepWatching.push(endWatch)
  return service.readyMs
}

/** A watch removes the directory when it ends, so all of them last until this process does. */
const keepWatching: (() => void)[] = []
