import { randomUUID } from 'node:crypto'
import { configuredKeys } from '../access/variables.ts'
import type { Config } from '../config.ts'
import { makeShots } from '../load/orders.ts'
import type { LoadProgress, LoadReport } from '../load/report.ts'
import { runLoad } from '../load/run.ts'
import { makeSchedule } from '../load/schedule.ts'
import { httpTarget, kafkaTarget, type Target } from '../load/targets.ts'
import { ordersTopic } from '../orders/variables.ts'
import { createPublisher } from '../platform/kafka/publisher.ts'
import { withoutTrailingSlashes } from '../platform/links.ts'
import { type Command, CommandError, type Context, table, UsageError, type Values, wholeNumber } from './command.ts'

const rateDefault = 100
const secondsDefault = 60
const connectionsDefault = 64
/** The runtime's client sends no more requests at once. */
const connectionsMax = 256
const answerDeadlineMs = 10_000
const timeoutMs = 5_000

export const loadCommand: Command = {
  name: 'load',
  summary: 'send realistic orders at a rate and report latencies; exit code 1 after an unexpected response',
  options: {
    rate: { value: 'N', meaning: `orders a second (${rateDefault})` },
    seconds: { value: 'N', meaning: `for how long (${secondsDefault}); Ctrl-C ends it early, with its report` },
    ramp: { value: 'N', meaning: 'seconds in which the rate grows from 0 to full (0)' },
    bad: { value: 'N%', meaning: 'share of orders that break the contract (0%)' },
    repeated: { value: 'N%', meaning: 'share of orders that are sent again (0%)' },
    url: { value: 'URL', meaning: 'of the service (http://127.0.0.1 with SERVER_PORT)' },
    key: { value: 'KEY', meaning: 'API key (the first of API_KEYS that may write orders)' },
    connections: { value: 'N', meaning: `connections over HTTP (${connectionsDefault})` },
    kafka: { meaning: 'send to KAFKA_TOPIC at KAFKA_BROKERS instead' },
  },
  async run(context, values) {
    const ratePerSecond = wholeNumber(values, 'rate', rateDefault, 1, 100_000)
    const seconds = wholeNumber(values, 'seconds', secondsDefault, 1, 86_400)
    const schedule = makeSchedule(ratePerSecond, seconds, wholeNumber(values, 'ramp', 0, 0, seconds))
    const shares = { bad: share(values, 'bad'), repeated: share(values, 'repeated') }
    if (shares.bad + shares.repeated > 1) throw new UsageError('--bad and --repeated are more than 100% together')
    const shots = makeShots(shares, () => randomUUID().replaceAll('-', ''), Math.random)
    const report = await withTarget(context, values, target => {
      let second = 0
      const onSecond = (progress: LoadProgress) => context.progress(lineOf(++second, progress))
      return runLoad({ schedule, ratePerSecond, target, shots, timeoutMs, onSecond }, context.stop)
    })
    return { text: describeReport(report), json: report, isFailure: report.unexpected > 0 }
  },
}

function share(values: Values, name: string): number {
  const value = values[name] ?? '0%'
  const percent = Number(/^(\d+(?:\.\d+)?)%$/.exec(String(value))?.[1] ?? Number.NaN)
  if (percent >= 0 && percent <= 100) return percent / 100
  throw new UsageError(`--${name} must be a share from 0% to 100%, like 1% or 0.5%, and is "${value}"`)
}

async function withTarget<Result>(
  { config, log }: Context,
  values: Values,
  work: (target: Target) => Promise<Result>,
): Promise<Result> {
  if (values.kafka !== true) return work(await reachHttp(config, values))
  for (const name of ['url', 'key', 'connections']) {
    if (values[name] !== undefined) throw new UsageError(`--${name} is for HTTP, and --kafka says otherwise`)
  }
  if (config.kafka === undefined) throw new UsageError('--kafka needs KAFKA_BROKERS to be set')
  const publisher = createPublisher({ ...config.kafka, clientId: 'orders-load', log })
  try {
    return await work(kafkaTarget(publisher, config.value(ordersTopic), answerDeadlineMs))
  } finally {
    await publisher.close()
  }
}

/** @throws UsageError when it is no URL, CommandError when nobody answers there */
async function reachHttp(config: Config, values: Values): Promise<Target> {
  const connections = wholeNumber(values, 'connections', connectionsDefault, 1, connectionsMax)
  const given = typeof values.url === 'string' ? values.url : `http://127.0.0.1:${config.server.port}`
  if (!URL.canParse(given) || !/^https?:\/\//.test(given)) {
    throw new UsageError(`--url must be like http://127.0.0.1:8080, and is "${given}"`)
  }
  const url = withoutTrailingSlashes(given)
  const own = config.value(configuredKeys).find(({ scopes }) => scopes.includes('orders:write'))?.key
  const key = typeof values.key === 'string' ? values.key : own
  try {
    await fetch(`${url}/livez`, { signal: AbortSignal.timeout(answerDeadlineMs) })
  } catch {
    throw new CommandError(`nobody answers at ${url}: is the service running, and --url right?`)
  }
  return httpTarget(url, key, connections, answerDeadlineMs)
}

function lineOf(second: number, progress: LoadProgress): string {
  const { sent, accepted, refused, busy, unexpected, waiting, p50Ms, p99Ms } = progress
  const counts = { sent, accepted, refused, 'turned away': busy, unexpected, waiting }
  const said = Object.entries(counts).map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
  return `${String(second).padStart(4)} s  ${said.join('  ')}  p50 ${milliseconds(p50Ms)}  p99 ${milliseconds(p99Ms)}`
}

/** The meaning of a status, for people. */
const meanings: Record<string, string> = {
  201: 'placed',
  200: 'placed before',
  400: 'breaks the contract',
  401: 'no valid key: see --key',
  403: 'the key may not write orders',
  409: 'another order has its order_uid',
  503: 'overloaded: rejected for now',
  acknowledged: 'by the brokers; see the metrics of the service for the outcome',
}

function describeReport(report: LoadReport): string {
  const { latency_ms: latency, outcomes, sent, not_sent: notSent } = report
  const count = (value: number) => value.toLocaleString('en')
  const late =
    notSent === 0 ? '' : `, and ${count(notSent)} that were due were not: the service cannot keep up with the rate`
  const rows = Object.entries(outcomes)
    .toSorted(([one], [other]) => one.localeCompare(other))
    .map(([name, number]) => [name, count(number).padStart(9), meanings[name] ?? 'unexpected'])
  const latencies = Object.entries(latency).map(([name, value]) => [name.replace('_', '.'), milliseconds(value)])
  return [
    `${count(sent)} orders to ${report.target} in ${report.seconds} s${late}`,
    `rate: ${count(report.rate_asked)}/s asked for, ${count(report.rate_reached)}/s reached`,
    '',
    table(['OUTCOME', '   ORDERS', ''], rows),
    '',
    `latency, ${report.latency_is}:`,
    table(
      latencies.map(([name = '']) => name),
      [latencies.map(([, value = '']) => value)],
    ),
  ].join('\n')
}

function milliseconds(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`
}
