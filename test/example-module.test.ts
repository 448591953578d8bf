import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Writable } from 'node:stream'
import { configurationPage } from '../scripts/configuration-page.ts'
import { exportState } from '../src/backup/export.ts'
import { exportedTables } from '../src/backup/tables.ts'
import { checkKafka } from '../src/commands/doctor-kafka.ts'
import { readConfig, variableGroups } from '../src/config.ts'
import { migrations } from '../src/database.ts'
import { modules } from '../src/modules.ts'
import { exampleOrder } from '../src/orders/example.ts'
import { listMigrations, migrate } from '../src/platform/migrations.ts'
import type { PostgresAddress } from '../src/platform/postgres.ts'
import { startService } from '../src/service.ts'
import { verifyDatabase } from '../src/verify.ts'
import { createTestApp, type TestApp } from './app.ts'
import { createTestDatabase } from './database.ts'
import { heard, parcelsModule, parcelsTable } from './example-module.ts'
import { queryDatabase } from './invariants.ts'
import { eventually, kafkaAvailability, produce, testBroker, testLog, uniqueName } from './kafka.ts'
import { databaseEnv } from './service-process.ts'
import { valuesOf } from './settings.ts'
import { makeTopics, readTopic } from './topics.ts'

/** A new module is a folder, and an entry in the list: this one lives in the test, and no file of src names it. */

setDefaultTimeout(120_000)

const all = [...modules, parcelsModule]

describe('a module that is appended to the list', () => {
  let t: TestApp
  const readJson = async (path: string) => JSON.parse(await (await t.call('GET', path)).text())

  beforeAll(async () => {
    t = await createTestApp({ modules: all, env: { KAFKA_BROKERS: 'none:9092', KAFKA_PARCELS_TOPIC: 'my.parcels' } })
    await t.pool.query(`${parcelsTable}; insert into weighed_parcels values ('p-1', 1200, 1)`)
    await t.pool.query(`insert into events (stream_type, stream_id, sequence, type, recorded_at, data)
                        values ('parcel', 'p-1', 1, 'parcel.weighed', now(), '{"grams":1200}')`)
  })
  afterAll(() => t.close())

  test('serves its routes, and is in OpenAPI with its tag, scope and schema', async () => {
    expect(await readJson('/api/parcels/p-1')).toEqual({ parcel: 'p-1', grams: 1200 })
    const { paths, tags, components } = await readJson('/api/openapi.json')
    expect(paths['/api/parcels/{id}'].get).toMatchObject({ tags: ['parcels'], security: [{ key: ['parcels:read'] }] })
    expect(tags.map(({ name }: { name: string }) => name)).toContain('parcels')
    expect(components.schemas.Parcel).toMatchObject({ type: 'object' })
    expect(components.schemas.Scope.enum).toContain('parcels:read')
  })

  test('is in AsyncAPI with its topic and its event, and its event is in the read API', async () => {
    const { channels, components } = await readJson('/api/asyncapi.json')
    expect(channels.parcels.address).toBe('my.parcels')
    expect(components.messages).toHaveProperty(['com.shoppingcart.parcel.weighed.v1'])
    expect(await readJson('/api/events?stream_type=parcel')).toMatchObject([
      { type: 'parcel.weighed', stream_type: 'parcel', stream_id: 'p-1', data: { grams: 1200 } },
    ])
    const body = { url: 'http://127.0.0.1:9/', event_types: ['parcel.weighed'] }
    expect((await t.call('POST', '/api/webhooks', { body })).status).toBe(201)
  })

  test('has its metric and its check in /metrics', async () => {
    const text = await (await t.call('GET', '/metrics')).text()
    expect(text).toContain('parcels_weighed_total 0')
    expect(text).toContain('invariant_violations_total{invariant="parcel-weight"} 0')
  })

  test('has its table in a backup', async () => {
    let text = ''
    const out = new Writable({
      write(chunk, _, done) {
        text += String(chunk)
        done()
      },
    })
    const migration = (await listMigrations(migrations)).at(-1) ?? ''
    const tables = exportedTables(all)
    const options = { address: t.address, tables, migration, out, onProgress: () => undefined }
    expect(await exportState(options, new AbortController().signal)).toMatchObject({ weighed_parcels: 1 })
    expect(text).toContain('{"table":"weighed_parcels","row":{"parcel":"p-1","grams":"1200","version":"1"}}')
  })

  test('follows the orders in the transactions that change their status', async () => {
    const uid = 'followed'
    await t.call('POST', '/api/orders', { body: exampleOrder(uid, Date.now(), Math.random) })
    await t.pool.query('insert into weighed_parcels values ($1, 1, 1)', [uid])
    const found = async () => (await t.pool.query('select from weighed_parcels where parcel = $1', [uid])).rowCount
    expect((await t.call('POST', `/api/orders/${uid}/hold`)).status).toBe(200)
    expect(await found()).toBe(1)
    expect((await t.call('POST', `/api/orders/${uid}/cancel`)).status).toBe(200)
    expect(await found()).toBe(0)
  })

  test('is verified', async () => {
    const context = { ...valuesOf({}, all), nowMs: Date.now() }
    const broken = async () => (await verifyDatabase(t.pool, all, context)).results.filter(({ broken }) => broken > 0)
    expect(await broken()).toEqual([])
    await t.pool.query('update weighed_parcels set grams = 0, version = 2')
    expect((await broken()).map(({ invariant, examples }) => [invariant, examples])).toEqual([
      ['event-sequence', ['p-1']],
      ['parcel-weight', ['p-1']],
    ])
  })

  test('has its variables checked at start, and documented', () => {
    const wrong = { PARCEL_GRAMS_MAX: 'heavy', KAFKA_PARCELS_TOPIC: 'parcels' }
    expect(() => readConfig(all, wrong, '/')).toThrow(/KAFKA_PARCELS_TOPIC is set.*\n.*PARCEL_GRAMS_MAX must be/)
    const page = configurationPage(variableGroups(all))
    expect(page).toMatch(/## Parcels\n[^#]*`KAFKA_PARCELS_TOPIC`[^#]*`PARCEL_GRAMS_MAX`/)
  })
})

/** The tables of the service, and that of the module, as its migration would make it. */
async function withParcels(address: PostgresAddress): Promise<void> {
  await migrate(address, migrations)
  await queryDatabase(address, parcelsTable)
}

describe.skipIf(kafkaAvailability() !== null)('a service with that module', () => {
  test('consumes its topic, runs its worker, notifies it, and publishes its events to Kafka', async () => {
    const { brokers, env, events } = await makeTopics(await testBroker())
    const topic = uniqueName('parcels')
    const { address, drop } = await createTestDatabase(withParcels)
    const settings = { ...env, ...databaseEnv(address), KAFKA_COMMANDS_TOPIC: uniqueName('commands') }
    const config = readConfig(all, { ...settings, KAFKA_PARCELS_TOPIC: topic, SERVER_PORT: '0' }, '/')
    const stop = new AbortController()
    const service = await startService(config, testLog, stop.signal, { modules: all })
    const ask = async (path: string) => (await fetch(`${service.url}${path}`)).text()
    expect(heard.worker).toBe(1)
    const found = async () => (await checkKafka(config, all)).find(({ name }) => name === 'parcels in')
    await eventually('the topic is made', async () => (await found())?.state === 'ok', 40_000)
    await produce(brokers, topic, [{ key: 'p-7', value: 'p-7' }])
    await eventually('it is handled', async () => (await ask('/metrics')).includes('parcels_weighed_total 1'), 40_000)
    expect(JSON.parse(await ask('/api/parcels/p-7'))).toEqual({ parcel: 'p-7', grams: 30_000 })
    await eventually('it is notified', () => heard.notified.includes('p-7'))
    const published = async () =>
      (await readTopic(brokers, events)).map(({ message }) => [message.key, message.headers?.ce_type].map(String))
    const wanted = ['p-7', 'com.shoppingcart.parcel.weighed.v1']
    await eventually('its event is published', async () => (await published()).join() === wanted.join(), 40_000)
    stop.abort()
    await service.stop()
    expect(heard.worker).toBe(0)
    await drop()
  })
})
