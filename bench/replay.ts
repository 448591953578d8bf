import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase, withClient } from './environment.ts'
import type { Findings } from './figures.ts'
import { databaseSettings, startServiceProcess, withoutExpiry } from './service-process.ts'
import { storeOrders } from './stored-orders.ts'
import { startStreamReaders } from './streams.ts'
import { describeProcessors, residentMaxMib, watchProcessors } from './usage.ts'

const eventsDefault = 1_000_000

/** How long a reader takes from the beginning of the log, over reading the same rows from PostgreSQL. */
export async function benchReplay(context: BenchmarkContext): Promise<Findings> {
  const { environment, note, orders: events = eventsDefault } = context
  const server = await environment.postgres()
  const address = await createDatabase(server)
  note(`replay: writing ${events} orders`)
  await storeOrders(address, events, { withLines: true })
  const service = await startServiceProcess({
    folder: environment.folder,
    environment: { ...databaseSettings(address), ...withoutExpiry },
  })
  try {
    note(`replay: ${events} events to one reader`)
    const endWatch = watchProcessors({ service: service.pid, PostgreSQL: server.processId() })
    const readers = await startStreamReaders({ port: service.port, readers: 1, after: '0-0', events })
    const { seconds } = await readers.result
    const processors = describeProcessors(endWatch())
    const resident = residentMaxMib(service.pid)
    const queried = await readByQuery(address)
    return {
      figures: [
        {
          what: `${events} events by SSE, from the first`,
          value: seconds,
          unit: 's',
          against: { what: 'the same by one query', value: queried },
          must: { of: 'value', atMost: 60 },
        },
        ...(resident === undefined ? [] : [{ what: 'resident set, maximum', value: resident, unit: 'MiB' } as const]),
      ],
      notes: [processors],
    }
  } finally {
    await service.stop()
    await dropDatabase(server, address)
  }
}

/** @returns seconds in which the server makes every event with its document, in the order of the log, and sends none */
async function readByQuery(address: Parameters<typeof withClient>[0]): Promise<number> {
  return withClient(address, async client => {
    const startedMs = performance.now()
    await client.query(`
      select sum(length(e.data) + length(o.document))
        from (select * from events order by xid, position) e
        join orders o on o.order_uid = e.stream_id`)
    return (performance.now() - startedMs) / 1000
  })
}
