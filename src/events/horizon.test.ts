import { afterAll, afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { Client } from 'pg'
import { createTestApp, silentMessaging, type TestApp } from '../../test/app.ts'
import { createTestDatabase, type TestDatabase } from '../../test/database.ts'
import { eventually } from '../../test/kafka.ts'
import { nextOf } from '../../test/links.ts'
import { framesOf } from '../../test/server-sent-events.ts'
import { exampleOrder } from '../orders/example.ts'
import { readHorizon } from './horizon.ts'
import { enterReader, readLagSeconds } from './readers.ts'
import { relayReader } from './relay.ts'

/**
 * A transaction that somebody left open keeps new events from readers, also one in another database of the server. The tests say
 * what is known of that, and what does not wait for it.
 */

setDefaultTimeout(60_000)
let t: TestApp
let elsewhere: TestDatabase
let stranger: Client | undefined

beforeAll(async () => {
  t = await createTestApp({ messaging: silentMessaging })
  elsewhere = await createTestDatabase(async () => undefined)
})
afterEach(async () => {
  await stranger?.end()
  stranger = undefined
  await eventually('readers see everything', async () => (await readHorizon(t.pool)).heldSeconds === 0)
})
afterAll(async () => {
  await t.close()
  await elsewhere.drop()
})

/** Leaves a transaction open that has written, in another database. @returns its server process */
async function leaveOpen(): Promise<number> {
  const { password = '', ...address } = elsewhere.address
  const client = new Client({ ...address, password, application_name: 'report of somebody' })
  stranger = client
  await client.connect()
  await client.query('begin; create table if not exists notes (text text); insert into notes values ($$kept$$)')
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid ?? 0
}

async function place(): Promise<string> {
  const order = exampleOrder(crypto.randomUUID(), Date.now(), Math.random)
  expect((await t.call('POST', '/api/orders', { body: order })).status).toBe(201)
  return order.order_uid
}

const json = async (path: string) => JSON.parse(await (await t.call('GET', path)).text())

describe('an open transaction in another database', () => {
  test('is named, with how long events have waited for it, and every lag grows', async () => {
    await enterReader(t.pool, relayReader)
    const hook = { url: 'http://127.0.0.1:9/', event_types: ['*'] }
    expect((await t.call('POST', '/api/webhooks', { body: hook })).status).toBe(201)
    const pid = await leaveOpen()
    await place()
    expect(await json('/api/events?limit=1000')).toEqual([])
    await eventually('its transaction is a second old', async () => (await readHorizon(t.pool)).holder !== null)
    const holder = { pid, database: elsewhere.address.database, application: 'report of somebody' }
    const { lags } = await json('/api/system')
    expect(lags.log_held_by).toMatchObject(holder)
    expect(lags.log_held_by.seconds).toBeGreaterThan(0.9)
    for (const name of ['log_seconds', 'relay_seconds', 'webhooks_seconds']) expect(lags[name]).toBeGreaterThan(0)
    expect((await json('/api/webhooks'))[0].behind_seconds).toBeGreaterThan(0)
    expect((await json('/api/overview')).lags.relay_seconds).toBeGreaterThan(0)

    const metrics = await (await t.call('GET', '/metrics')).text()
    const label = `pid="${pid}",database="${holder.database}",application="${holder.application}"`
    expect(metrics).toMatch(new RegExp(`event_log_horizon_age_seconds\\{${label}\\} [1-9]`))
    for (const name of ['event_log_held_seconds', 'relay_lag_seconds', 'webhook_lag_seconds']) {
      expect(Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(metrics)?.[1])).toBeGreaterThan(0)
    }

    await stranger?.end()
    await eventually('events are seen again', async () => (await json('/api/events')).length > 0)
    expect((await json('/api/system')).lags).toMatchObject({ log_seconds: 0, log_held_by: null })
    expect(await readLagSeconds(t.pool, relayReader)).toBeGreaterThan(0)
  })

  test('that was prepared is named as well', async () => {
    const { rows } = await t.pool.query("select current_setting('max_prepared_transactions')::int > 0 as can")
    if (!rows[0].can) return console.error('SKIPPED: a prepared transaction. The server allows none.')
    await leaveOpen()
    await stranger?.query("prepare transaction 'transfer 7'")
    await place()
    await eventually('it is named', async () => (await readHorizon(t.pool)).holder?.application === 'transfer 7')
    expect((await readHorizon(t.pool)).holder).toMatchObject({ pid: null, database: elsewhere.address.database })
    await stranger?.query("rollback prepared 'transfer 7'")
  })

  test("does not keep an order's own history from anybody, in pages or at the beginning of its stream", async () => {
    await leaveOpen()
    const uid = await place()
    for (const command of ['hold', 'confirm']) {
      expect((await t.call('POST', `/api/orders/${uid}/${command}`)).status).toBe(200)
    }
    const path = `/api/orders/${uid}/events`
    const types = ['order.placed', 'order.on_hold', 'order.confirmed']
    const history = await json(path)
    expect(history.map(({ type }: { type: string }) => type)).toEqual(types)
    // Page by page as well.
    const paged: string[] = []
    for (let next: string | undefined = `${path}?limit=1`; next !== undefined; ) {
      const response = await t.call('GET', next)
      paged.push(...JSON.parse(await response.text()).map(({ type }: { type: string }) => type))
      next = nextOf(next, response)
    }
    expect(paged).toEqual(types)

    const stream = await t.call('GET', path, { headers: { accept: 'text/event-stream' } })
    const reader = (stream.body ?? new Blob().stream()).getReader()
    const frames = framesOf(reader)
    const seen: { id: string | undefined; event: string | undefined }[] = []
    for await (const frame of frames) {
      if (frame.data !== undefined) seen.push(frame)
      if (seen.length === 3) break
    }
    expect(seen.map(({ event }) => event)).toEqual(types)
    await reader.cancel()

    // Its cursor is ahead of what readers of the whole log may see: a stream from there on begins where they are.
    const whole = await t.call('GET', '/api/events', {
      headers: { accept: 'text/event-stream', 'last-event-id': seen[2]?.id ?? '' },
    })
    const everything = (whole.body ?? new Blob().stream()).getReader()
    await stranger?.end()
    const events: unknown[] = []
    for await (const frame of framesOf(everything)) {
      if (frame.data !== undefined) events.push(frame.event)
      if (events.length === 3) break
    }
    expect(events).toEqual(types)
    await everything.cancel()
  })
})

test('the own work of the service is not named, and a quiet log is held by nobody', async () => {
  await place()
  expect(await readHorizon(t.pool)).toEqual({ heldSeconds: 0, holder: null })
})
