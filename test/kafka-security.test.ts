import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KafkaBroker, kafkaCacheDir } from '../scripts/kafka-broker/broker.ts'
import { whyNoJava } from '../scripts/kafka-broker/jars.ts'
import { freePort } from '../scripts/kafka-broker/java-broker.ts'
import type { Finding } from '../src/commands/doctor-finding.ts'
import { type Certificates, certificatesAvailability, makeCertificates } from './certificates.ts'
import { createMigratedDatabase } from './database.ts'
import { post } from './http-load.ts'
import { eventually, startTestBroker } from './kafka.ts'
import { makeOrders } from './orders.ts'
import { findingOf, runCommand } from './run-cli.ts'
import { databaseEnv, endServices, type ServiceProcess, startServiceProcess } from './service-process.ts'
import { expectEvents, makeTopics, readTopic, sendOrders, type Topics } from './topics.ts'

setDefaultTimeout(60_000)

const unavailable = whyNoJava(kafkaCacheDir) ?? certificatesAvailability()
if (unavailable !== null) console.error(`SKIPPED: the tests with a Kafka that asks for TLS and a login: ${unavailable}`)

const password = 'correct horse battery'
/** A login runs out so soon that each connection has to log in again while it is used. */
const loginMs = 1_500

describe.skipIf(unavailable !== null)('a Kafka that requires TLS, a client certificate and a login', () => {
  let folder: string
  let broker: KafkaBroker
  let topics: Topics
  let stranger: Certificates
  let guarded: Record<string, string>

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'orders-certificates-'))
    const [ofBroker, ofClient] = ['broker', 'client'].map(name => makeCertificates(folder, name, 'IP:127.0.0.1'))
    if (!ofBroker || !ofClient) throw new Error('two certificates were asked for')
    stranger = makeCertificates(folder, 'stranger', 'IP:127.0.0.1')
    const port = await freePort()
    const { keyAndCert: keyPath } = ofBroker
    broker = await startTestBroker({ port, keyPath, authorityPath: ofClient.ca, user: 'orders', password, loginMs })
    // The other client, which sends and reads for the test, comes by the open door.
    topics = await makeTopics([broker.brokers])
    guarded = {
      ...topics.env,
      KAFKA_BROKERS: `127.0.0.1:${port}`,
      KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
      KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
      KAFKA_SASL_USERNAME: 'orders',
      KAFKA_SASL_PASSWORD: password,
      KAFKA_SSL_CA: ofBroker.ca,
      KAFKA_SSL_CERT: ofClient.cert,
      KAFKA_SSL_KEY: ofClient.key,
    }
  })
  afterEach(() => endServices())
  afterAll(async () => {
    await broker?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  async function start(changes: Record<string, string>): Promise<ServiceProcess> {
    const { address } = await createMigratedDatabase()
    return startServiceProcess({ env: { ...guarded, ...databaseEnv(address), ...changes } })
  }

  async function kafkaOf({ url }: ServiceProcess): Promise<{ status: number; state: string; detail: string }> {
    const answer = await fetch(`${url}/readyz`)
    const { dependencies } = (await answer.json()) as { dependencies: { kafka: { state: string; detail?: string } } }
    return { status: answer.status, detail: '', ...dependencies.kafka }
  }

  async function doctorsWord(changes: Record<string, string>): Promise<Finding | undefined> {
    const { out, err } = await runCommand(['doctor', '--json'], {
      DATA_DIR: join(folder, 'none'),
      ...guarded,
      ...changes,
    })
    expect(out + err).not.toContain('horse')
    return findingOf(out, 'Kafka')
  }

  test('orders are consumed and events published, also after logins expire', async () => {
    const service = await start({})
    const sent = new Map<string, string>()
    await eventually('it consumes', async () => (await kafkaOf(service)).state === 'up')
    const endings = () =>
      service
        .output()
        .split('\n')
        .filter(line => line.includes('A Kafka session ended') && line.includes(`"${topics.orders}"`))
    // A broker that has just started may still be loading its coordinators.
    const endedBefore = endings().length
    const untilMs = Date.now() + 2 * loginMs
    for (let turn = 0; Date.now() < untilMs; turn += 1) {
      const orders = makeOrders(5, `turn${turn}`)
      const messages = orders.map(order => ({ order, value: Buffer.from(JSON.stringify(order)) }))
      await sendOrders(
        topics,
        messages.map(({ order, value }) => ({ kind: 'order', key: order.order_uid, value })),
      )
      for (const { order, value } of messages) sent.set(order.order_uid, String(value))
      const isThere = async () => (await fetch(`${service.url}/api/orders/${orders.at(-1)?.order_uid}`)).ok
      await eventually('the last order of the turn is stored', isThere)
    }
    await eventually('every event is published', async () => {
      const metrics = await (await fetch(`${service.url}/metrics`)).text()
      return metrics.includes(`relay_published_total ${sent.size}\n`)
    })
    expectEvents(await readTopic(topics.brokers, topics.events), sent)
    expect(endings().slice(endedBefore)).toEqual([])
    expect(service.output()).not.toContain('horse')
    const { settings } = (await (await fetch(`${service.url}/api/system`)).json()) as { settings: unknown[] }
    expect(JSON.stringify(settings)).toContain('KAFKA_SASL_PASSWORD')
    expect(JSON.stringify(settings)).not.toContain('horse')
  })

  test.each(['PLAIN', 'SCRAM-SHA-256', 'scram-sha-512'])('%s works', async mechanism => {
    expect(await doctorsWord({ KAFKA_SASL_MECHANISM: mechanism })).toMatchObject({ state: 'ok' })
  })

  const withoutSasl = { KAFKA_SASL_MECHANISM: '', KAFKA_SASL_USERNAME: '', KAFKA_SASL_PASSWORD: '' }
  const withoutTls = { KAFKA_SSL_CA: '', KAFKA_SSL_CERT: '', KAFKA_SSL_KEY: '' }
  const faults: [string, () => Record<string, string>, RegExp][] = [
    ['a wrong password', () => ({ KAFKA_SASL_PASSWORD: 'wrong horse' }), /SASL authentication failed/],
    ['an authority that is not trusted', () => ({ KAFKA_SSL_CA: stranger.ca }), /unable to verify the first cert/],
    ['a name that is not in the certificate', () => otherName(), /does not match certificate/],
    ['a certificate of a stranger', () => strangersCertificate(), /CERTIFICATE_UNKNOWN/],
    ['no TLS', () => ({ KAFKA_SECURITY_PROTOCOL: '', ...withoutSasl, ...withoutTls }), /requires TLS/],
  ]
  const otherName = () => ({ KAFKA_BROKERS: guarded.KAFKA_BROKERS?.replace('127.0.0.1', 'localhost') ?? '' })
  const strangersCertificate = () => ({ KAFKA_SSL_CERT: stranger.cert, KAFKA_SSL_KEY: stranger.key })

  test.each(faults)('the doctor gives the reason: %s', async (_, changes, reason) => {
    const finding = await doctorsWord(changes())
    expect(finding).toMatchObject({ state: 'failed', detail: expect.stringMatching(reason) })
  })

  test.each(faults.slice(0, 2))('the service goes on and gives the reason: %s', async (_, changes, reason) => {
    const service = await start(changes())
    await eventually('the reason is told', async () => reason.test((await kafkaOf(service)).detail))
    expect(await kafkaOf(service)).toMatchObject({ status: 200, state: 'down' })
    const [order] = makeOrders(1, 'http')
    expect((await post(service.url, JSON.stringify(order)))?.status).toBe(201)
    expect(service.output()).not.toContain('horse')
  })
})
