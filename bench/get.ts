import { type BaselineProcess, startBaseline } from './baseline-process.ts'
import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import { type Figure, type Findings, median } from './figures.ts'
import { describeFailures, runLoad } from './load.ts'
import { exampleOrders } from './orders-topic.ts'
import { databaseSettings, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { watchProcessors } from './usage.ts'

const ordersCount = 1_000
const connections = 100
const rounds = 3
const secondsDefault = 5
const key = 'bench-key-of-at-least-24-characters'
const withKey = { authorization: `Bearer ${key}` }

type Contestant = { name: string; server: { port: number; pid: number }; headers: Record<string, string> }
type Round = {
  perSecond: number
  microseconds: number | undefined
  generatorCores: number
  failures: string | undefined
}

/**
 * Cached GET /api/orders/:id, with its metrics and its access check, over a bare `Bun.serve` that answers the same bytes
 * from a Map: without API keys, and with one. The four take turns, and the medians of their rounds are compared.
 */
export async function benchGet(context: BenchmarkContext): Promise<Findings> {
  const { environment } = context
  const postgres = await environment.postgres()
  const address = await createDatabase(postgres)
  const start = (settings: Record<string, string>) =>
    startServiceProcess({
      folder: environment.folder,
      environment: { ...databaseSettings(address), ...settings },
      profileFolder: context.profileFolder,
    })
  const open = await start({})
  const keyed = await start({ API_KEYS: `${key}=orders:read` })
  let bare: BaselineProcess | undefined
  try {
    const paths = await placeOrders(open)
    bare = await startBaseline({ kind: 'get', answers: await Promise.all(paths.map(path => answerOf(open, path))) })
    const contestants: Contestant[] = [
      { name: 'bare', server: bare, headers: {} },
      { name: 'service', server: open, headers: {} },
      { name: 'bare, asked with a key', server: bare, headers: withKey },
      { name: 'service with a key', server: keyed, headers: withKey },
    ]
    const results = await takeTurns(context, contestants, paths)
    return findingsOf(contestants, results)
  } finally {
    await bare?.stop()
    await keyed.stop()
    await open.stop()
    await dropDatabase(postgres, address)
  }
}

/** Places the orders that are read. @returns their paths */
export async function placeOrders(service: ServiceProcess): Promise<string[]> {
  const orders = [...exampleOrders(ordersCount)]
  const body = orders.map(order => JSON.stringify(order)).join('\n')
  const headers = { 'content-type': 'application/x-ndjson' }
  const answer = await fetch(`${service.url}/api/orders/batch`, { method: 'POST', headers, body })
  const placed = (await answer.text()).split('"outcome":"placed"').length - 1
  if (placed !== ordersCount) throw new Error(`of ${ordersCount} orders ${placed} were placed`)
  return orders.map(order => `/api/orders/${order.order_uid}`)
}

/** Reads the service's response, which the bare server then sends too, without the headers that Bun adds itself. */
async function answerOf(service: ServiceProcess, path: string) {
  const answer = await fetch(`${service.url}${path}`)
  if (answer.status !== 200) throw new Error(`${path} was answered with ${answer.status}`)
  const headers = Object.fromEntries([...answer.headers].filter(([name]) => !['date', 'content-length'].includes(name)))
  return { path, body: await answer.text(), headers }
}

async function takeTurns(
  { seconds = secondsDefault, note }: BenchmarkContext,
  contestants: Contestant[],
  paths: string[],
) {
  const results = contestants.map((): Round[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [index, { name, server, headers }] of contestants.entries()) {
      const load = { port: server.port, connections, headers, requests: { kind: 'get', paths } } as const
      // The first requests fill the cache of a service that did not place the orders, and have the code compiled.
      await runLoad({ ...load, seconds: 0.2, warmUpSeconds: round === 1 ? 3 : 0.5 })
      const endWatch = watchProcessors({ server: server.pid })
      const startedMs = performance.now()
      const result = await runLoad({ ...load, seconds, warmUpSeconds: 0 })
      const busySeconds = ((endWatch()?.server ?? Number.NaN) * (performance.now() - startedMs)) / 1000
      note(`get: round ${round}, ${name}: ${Math.round(result.perSecond)} requests/s`)
      results[index]?.push({
        perSecond: result.perSecond,
        microseconds: (busySeconds / result.succeeded) * 1e6,
        generatorCores: result.generatorCores,
        failures: describeFailures(result),
      })
    }
  }
  return results
}

function findingsOf(contestants: Contestant[], results: Round[][]): Findings {
  const middle = (index: number, of: (round: Round) => number | undefined) =>
    median((results[index] ?? []).map(round => of(round) ?? Number.NaN))
  const figures = [1, 3].flatMap((index): Figure[] => {
    const name = contestants[index]?.name ?? ''
    const against = (value: number) => ({ what: 'bare Bun.serve from a Map', value })
    const cost = middle(index, round => round.microseconds)
    const costBare = middle(index - 1, round => round.microseconds)
    return [
      {
        what: name,
        value: middle(index, round => round.perSecond),
        unit: 'requests/s',
        against: against(middle(index - 1, round => round.perSecond)),
        must: { of: 'ratio', atLeast: 0.7 },
        aim: { of: 'ratio', atLeast: 0.85 },
      },
      ...(Number.isNaN(cost)
        ? []
        : [{ what: `${name}, of a core`, value: cost, unit: 'µs', against: against(costBare) } as const]),
    ]
  })
  const failures = results.flat().flatMap(round => round.failures ?? [])
  const generator = contestants.map(
    ({ name }, index) => `${name} ${middle(index, round => round.generatorCores).toFixed(2)}`,
  )
  return {
    figures,
    notes: [
      `medians of ${rounds} rounds in turn, ${connections} connections, ${ordersCount} orders`,
      `cores busy with the load generator against: ${generator.join(', ')}; near 1 it flatters the ratio of requests, and the processor time of a request is the one to look at`,
      ...failures,
    ],
  }
}
