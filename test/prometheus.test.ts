import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Partitioners, type Producer } from 'kafkajs'
import type { KafkaBroker } from '../scripts/kafka-broker/broker.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { createMigratedDatabase, type TestDatabase } from './database.ts'
import { brokerControlAvailability, eventually, otherClient, startTestBroker } from './kafka.ts'
import { dashboardQueries, isInstalled, kafkaExporterSeries, readRules, seriesOf } from './monitoring-rules.ts'
import { type Prometheus, startPostgresExporter, startPrometheus } from './prometheus-process.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { makeTopics, type Topics } from './topics.ts'

/** The real Prometheus and the real postgres exporter ask a service that has something to do. */

setDefaultTimeout(120_000)

const what = 'the tests with the real Prometheus'
const areInstalled =
  isInstalled('prometheus', what) && isInstalled('prometheus-postgres-exporter', what) && !brokerControlAvailability()

/** A transaction that holds the log up is named only while there is one; src/events/horizon.test.ts has that series. */
const isOfTrouble = (place: string) => place.includes('event_log_horizon_age_seconds')

const isOfKafkaExporter = (name: string) => /^kafka_(?!consumer_lag$)/.test(name)

/** A query of a dashboard as Grafana asks it, for all instances. */
function asked(expr: string): string {
  return expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '10s')
}

describe.skipIf(!areInstalled)('Prometheus', () => {
  let broker: KafkaBroker
  let database: TestDatabase
  let topics: Topics
  let service: ServiceProcess
  let exporter: Awaited<ReturnType<typeof startPostgresExporter>>
  let prometheus: Prometheus
  let producer: Producer
  let load: { stop(): Promise<void> }

  beforeAll(async () => {
    ;[broker, database] = await Promise.all([startTestBroker(), createMigratedDatabase()])
    topics = await makeTopics([broker.brokers])
    service = await startServiceProcess({ env: { ...databaseEnv(database.address), ...topics.env } })
    // The topics are there when it consumes; the other client fails on those that are not.
    await eventually('the service consumes', async () => {
      const { dependencies } = (await (await fetch(`${service.url}/readyz`)).json()) as {
        dependencies: { kafka: { state: string } }
      }
      return dependencies.kafka.state === 'up'
    })
    exporter = await startPostgresExporter(database.address)
    producer = otherClient(topics.brokers).producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 0 },
    })
    await producer.connect()
    load = startLoad()
    prometheus = await startPrometheus({
      targets: { orders: new URL(service.url).host, postgres: exporter.address },
      change: rules => rules.replace('job:relay_lag_seconds:max > 60', 'job:relay_lag_seconds:max > 3'),
    })
  })

  afterAll(async () => {
    await load?.stop()
    await prometheus?.stop()
    await exporter?.stop()
    await producer?.disconnect().catch(() => undefined)
    await endServices()
    await database?.drop()
    await broker?.stop()
  })

  /** A shop that places, pays, ships and reads orders, by HTTP and by Kafka, some thirty a second. */
  function startLoad(): { stop(): Promise<void> } {
    let isStopping = false
    async function run(): Promise<void> {
      for (let count = 0; !isStopping; count += 1) {
        const [byHttp, byKafka] = [`http-${count}`, `kafka-${count}`].map(uid =>
          JSON.stringify(exampleOrder(uid, Date.now(), Math.random)),
        )
        const headers = { 'content-type': 'application/json' }
        await fetch(`${service.url}/api/orders`, { method: 'POST', headers, body: byHttp ?? '' })
        await fetch(`${service.url}/api/orders/http-${count}`)
        await shipOne(`paid-${count}`)
        await fetch(`${service.url}/api/orders/unknown`)
        // Kafka may be away: then only HTTP goes on.
        const messages = [{ key: `kafka-${count}`, value: byKafka ?? '' }]
        void producer.send({ topic: topics.orders, messages }).catch(() => undefined)
        await sleep(50)
      }
    }
    const running = run()
    return {
      stop() {
        isStopping = true
        return running
      },
    }
  }

  async function shipOne(uid: string): Promise<void> {
    const order = exampleOrder(uid, Date.now(), Math.random)
    order.payment.payment_dt = 0
    const headers = { 'content-type': 'application/json', 'idempotency-key': uid }
    const post = (path: string, body: object) =>
      fetch(`${service.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
    await post('/api/orders', order)
    await post(`/api/orders/${uid}/payments`, { provider: 'sandbox', method_token: 'tok_approve' })
    const rids = order.items.map(({ rid }) => rid)
    const { id } = (await (await post(`/api/orders/${uid}/shipments`, { rids })).json()) as { id: string }
    for (const step of ['ship', 'deliver']) await post(`/api/shipments/${id}/${step}`, {})
  }

  /** The alerts that fire, or did within the last minute. */
  async function fired(): Promise<string[]> {
    const samples = await prometheus.query('count by (alertname) (count_over_time(ALERTS{alertstate="firing"}[1m]))')
    return samples.map(({ metric }) => metric.alertname ?? '').toSorted()
  }

  async function firing(): Promise<string[]> {
    const samples = await prometheus.query('count by (alertname) (ALERTS{alertstate="firing"})')
    return samples.map(({ metric }) => metric.alertname ?? '').toSorted()
  }

  /** The queries of the dashboards that give nothing, but for those that only the kafka exporter can answer. */
  async function withoutData(): Promise<string[]> {
    const queries = dashboardQueries().filter(({ expr }) => !seriesOf(expr).some(isOfKafkaExporter))
    const answers = await Promise.all(
      queries.map(async query => ({ ...query, samples: await prometheus.query(asked(query.expr)) })),
    )
    return answers.filter(({ samples }) => samples.length === 0).map(({ place, expr }) => `${place}: ${expr}`)
  }

  test('finds every series of every rule and dashboard, and the Kafka exporter exports those that are used', async () => {
    const named = [...readRules(), ...dashboardQueries()].flatMap(({ expr }) => seriesOf(expr))
    const ofKafkaExporter = named.filter(isOfKafkaExporter)
    expect(ofKafkaExporter.length).toBeGreaterThan(3)
    expect(ofKafkaExporter.filter(name => !kafkaExporterSeries.includes(name))).toEqual([])
    // Some have values only when something is wrong: of those the service says that they are there.
    const described = await (await fetch(`${service.url}/metrics`)).text()
    const declared = [...described.matchAll(/^# TYPE (\S+)/gm)].map(match => match[1] ?? '')
    const recorded = readRules().map(({ record }) => record)
    let missing: string[] = []
    await eventually(
      'every series is there',
      async () => {
        const names = new Set<string | undefined>([...(await prometheus.names()), ...declared, ...recorded, 'ALERTS'])
        missing = named.filter(name => !isOfKafkaExporter(name) && !names.has(name))
        return missing.length === 0
      },
      30_000,
    ).catch(error => {
      throw new Error(`missing: ${missing.join(', ')}`, { cause: error })
    })
  })

  test('has data for every panel except those of dead letters, and no alert fires for a healthy service', async () => {
    const deadLetters = 'Orders: event log and Kafka, Open dead letters by code'
    let empty: string[] = []
    await eventually(
      'every panel has data, and every alert had the time to fire',
      async () => {
        empty = (await withoutData()).filter(place => !place.startsWith(deadLetters) && !isOfTrouble(place))
        const [runs] = await prometheus.query('count_over_time(job:http_requests:rate5m[5m])')
        return empty.length === 0 && (runs?.value ?? 0) > 15
      },
      60_000,
    ).catch(error => {
      throw new Error(`without data: ${empty.join('; ')}`, { cause: error })
    })
    expect(await fired()).toEqual([])
  })

  test('alerts on a message that is no order, and on nothing else', async () => {
    await producer.send({ topic: topics.orders, messages: [{ key: 'bad', value: 'not JSON' }] })
    await eventually('an alert fires', async () => (await firing()).length > 0, 30_000)
    expect(await fired()).toEqual(['OrdersDeadLetters'])
    expect((await withoutData()).filter(place => !isOfTrouble(place))).toEqual([])
  })

  test('alerts while Kafka is down and events wait, and on nothing else, until it is back', async () => {
    await broker.kill()
    const expected = ['OrdersDeadLetters', 'OrdersKafkaDown', 'OrdersRelayBehind']
    await eventually(
      'both alerts fire, for five evaluations',
      async () => {
        const [runs] = await prometheus.query(
          'min(count_over_time(ALERTS{alertname=~"OrdersKafkaDown|OrdersRelayBehind", alertstate="firing"}[1m]))',
        )
        return (runs?.value ?? 0) >= 5 && (await firing()).length >= expected.length
      },
      60_000,
    )
    expect(await fired()).toEqual(expected)
    await broker.restart()
    await eventually('they end', async () => (await firing()).join() === 'OrdersDeadLetters', 60_000)
  })
})
