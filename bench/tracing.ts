import type { BenchmarkContext } from './context.ts'
import { createDatabase, dropDatabase } from './environment.ts'
import { type Figure, type Findings, median } from './figures.ts'
import { placeOrders } from './get.ts'
import { describeFailures, type Load, runLoad } from './load.ts'
import { databaseSettings, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { watchProcessors } from './usage.ts'

const rounds = 3
const secondsDefault = 5

type Contestant = { name: string; service: ServiceProcess }

/**
 * What tracing costs: the service's processor time for a cached GET and for a POST, with every request traced and with one in a
 * hundred, over the same without tracing. The three take turns. The collector reads what it gets and does nothing with it.
 */
export async function benchTracing(context: BenchmarkContext): Promise<Findings> {
  const { environment } = context
  const postgres = await environment.postgres()
  const address = await createDatabase(postgres)
  let spanBytes = 0
  const collector = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      spanBytes += (await request.arrayBuffer()).byteLength
      return Response.json({})
    },
  })
  const traced = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.port}` }
  const settings: [name: string, settings: Record<string, string>][] = [
    ['off', {}],
    ['1 in 100', { ...traced, OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.01' }],
    ['every one', traced],
  ]
  const contestants: Contestant[] = []
  try {
    for (const [name, chosen] of settings) {
      const environmentOf = { ...databaseSettings(address), ...chosen }
      const service = await startServiceProcess({ folder: environment.folder, environment: environmentOf })
      contestants.push({ name, service })
    }
    const [off] = contestants
    if (off === undefined) throw new Error('no service was started')
    const paths = await placeOrders(off.service)
    const get = await takeTurns(context, contestants, { connections: 100, requests: { kind: 'get', paths } })
    const post = await takeTurns(context, contestants, { connections: 256, requests: { kind: 'post-orders' } })
    const notes = [
      `medians of ${rounds} rounds in turn; the collector got ${Math.round(spanBytes / 1024 / 1024)} MiB`,
      ...get.failures,
      ...post.failures,
    ]
    return { figures: [...figuresOf('cached GET', get.costs), ...figuresOf('POST', post.costs)], notes }
  } finally {
    for (const { service } of contestants) await service.stop()
    await collector.stop(true)
    await dropDatabase(postgres, address)
  }
}

type Costs = { name: string; microseconds: number }[]

async function takeTurns(
  { seconds = secondsDefault, note }: BenchmarkContext,
  contestants: readonly Contestant[],
  kind: Pick<Load, 'connections' | 'requests'>,
): Promise<{ costs: Costs; failures: string[] }> {
  const costs = contestants.map((): number[] => [])
  const failures: string[] = []
  for (let round = 1; round <= rounds; round += 1) {
    for (const [index, { name, service }] of contestants.entries()) {
      const load = { port: service.port, ...kind }
      await runLoad({ ...load, seconds: 0.2, warmUpSeconds: round === 1 ? 3 : 0.5 })
      const endWatch = watchProcessors({ service: service.pid })
      const startedMs = performance.now()
      const result = await runLoad({ ...load, seconds, warmUpSeconds: 0 })
      const busySeconds = ((endWatch()?.service ?? Number.NaN) * (performance.now() - startedMs)) / 1000
      const microseconds = (busySeconds / result.succeeded) * 1e6
      note(`tracing: ${kind.requests.kind}, round ${round}, ${name}: ${microseconds.toFixed(1)} µs a request`)
      costs[index]?.push(microseconds)
      failures.push(...[describeFailures(result) ?? []].flat())
    }
  }
  return { costs: contestants.map(({ name }, index) => ({ name, microseconds: median(costs[index] ?? []) })), failures }
}

function figuresOf(what: string, [off, ...others]: Costs): Figure[] {
  return others.map(({ name, microseconds }) => ({
    what: `${what}, traced: ${name}, of a core`,
    value: microseconds,
    unit: 'µs',
    against: { what: 'the same, not traced', value: off?.microseconds ?? Number.NaN },
  }))
}
