import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { createHmac } from 'node:crypto'
import { appOn, createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { testLog } from '../../test/kafka.ts'
import { carrierOfSample, sampleBytes, sampleReports } from '../../test/tracking-samples.ts'
import type { Module } from '../module.ts'
import { modules } from '../modules.ts'
import { inTransaction } from '../platform/postgres.ts'
import { attachParcels } from './attach.ts'
import { expireSilent } from './silence.ts'
import type { ParcelChange } from './tracking-part.ts'
import { trackingTopic } from './variables.ts'

/** What was told to a module that follows parcels, and which orders it has not locked. */
let told: ParcelChange[] = []
let busy: string[] = []

const follower: Module = {
  name: 'follower',
  title: 'Follower',
  start: () => ({
    tracking: [
      {
        lockOrder: orderUid => `${orderUid} <> all('{${busy.join()}}')`,
        onParcelsChanged: async (_client, changes) => {
          told.push(...changes)
          return { events: [] }
        },
      },
    ],
  }),
}

let t: TestApp

beforeAll(async () => {
  t = await createTestApp({ modules: [...modules, follower] })
})

afterAll(() => t.close())

beforeEach(() => {
  told = []
  busy = []
})

const part = () => t.app.running.flatMap(({ tracking = [] }) => tracking)

function send(carrier: string, body: object | Uint8Array, headers: Record<string, string> = {}) {
  return t.call('POST', `/api/deliveries/webhooks/${carrier}`, { body, headers })
}

const checkpoint = (status: string, occurred_local: string, place = 'Lyon') => ({
  code: status,
  status,
  occurred_local,
  place,
})

function report(number: string, ...checkpoints: object[]) {
  return { tracking_number: number, checkpoints }
}

async function attach(number: string, orderUid: string, carrier = '', shippedSinceMs = Date.now()) {
  const shipment = { orderUid, shipmentId: `shp_${orderUid}`, number, carrier, shippedSinceMs }
  return inTransaction(t.pool, client => attachParcels(client, [shipment], Date.now()))
}

async function stored(number: string) {
  const { rows } = await t.pool.query(
    'select carrier, status, checkpoints, shipped_since is not null as attached from parcels where number = $1 order by carrier',
    [number],
  )
  return rows
}

function consume(...messages: object[]) {
  const found = t.app.handlers.find(({ topic }) => topic === trackingTopic)
  if (found === undefined) throw new Error('nobody handles reports')
  const values = messages.map(message => ({ value: Buffer.from(JSON.stringify(message)), headers: [] }))
  return found.handler.handle(values, { isInteractive: false })
}

/** Local times of these days: what is older than a shipment by months moves nothing. */
const at = (daysAgo: number, clock: string) =>
  `${new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10)}T${clock}`

test('real reports by their webhooks, whole, again and one by one from the other end, come to the state of the whole', async () => {
  for (const { name, index, events } of sampleReports()) {
    const [whole, single] = [`W${name}${index}`.toUpperCase(), `S${name}${index}`.toUpperCase()]
    const post = async (number: string, some: typeof events) =>
      expect((await send(carrierOfSample(name), sampleBytes(name, number, some))).status).toBe(200)
    await post(whole, events)
    await post(whole, events)
    await Promise.all(events.toReversed().map(event => post(single, [event])))
    const [first, second] = [await stored(whole), await stored(single)]
    expect(second).toEqual(first)
    expect(first).toMatchObject([{ attached: false }])
  }
  expect(await brokenRules(t.pool)).toEqual([])
})

test('a report for an unknown number is kept, and its parcel attached when a shipment gets the number', async () => {
  expect(await attach('RB 123 456 785 GB', 'early')).toEqual([])
  await send('generic', report('rb123456785gb', checkpoint('in_transit', at(1, '09:00:00'))))
  expect(told).toMatchObject([{ orderUid: 'early', before: { status: 'unknown' }, after: { status: 'in_transit' } }])
  await send('generic', report('UNKNOWN-1', checkpoint('out_for_delivery', at(1, '09:00:00'))))
  expect(told.length).toBe(1)
  expect(await stored('UNKNOWN1')).toMatchObject([{ status: 'out_for_delivery', attached: false }])
  const known = await attach('unknown 1', 'late', 'Meest')
  expect(known).toMatchObject([{ orderUid: 'late', number: 'UNKNOWN1', after: { status: 'out_for_delivery' } }])
  // Doing it again is nothing, and another order in the same parcel follows it as well.
  await attach('unknown 1', 'late', 'Meest')
  await attach('unknown 1', 'also')
  await send('generic', report('UNKNOWN-1', checkpoint('delivered', at(0, '00:00:00'))))
  expect(
    told
      .slice(1)
      .map(({ orderUid, after }) => `${orderUid} ${after.status}`)
      .toSorted(),
  ).toEqual(['also delivered', 'late delivered'])
  expect(await brokenRules(t.pool)).toEqual([])
})

test('the name of a carrier decides only between parcels of one number', async () => {
  await attach('SAME1', 'of-ups', 'UPS')
  await attach('SAME1', 'of-dhl', 'DHL Express')
  const ups = {
    trackingNumber: 'SAME1',
    localActivityDate: at(0, '').slice(0, 10).replaceAll('-', ''),
    localActivityTime: '000100',
  }
  await send('ups', {
    ...ups,
    activityStatus: { type: 'I', code: 'OR', description: '' },
    activityLocation: { city: 'Lyon' },
  })
  expect(told.map(({ orderUid }) => orderUid)).toEqual(['of-ups'])
  // Of which of the two it is nobody can say.
  await send('generic', report('SAME1', checkpoint('delivered', at(0, '00:02:00'))))
  expect(told.length).toBe(1)
  expect((await stored('SAME1')).map(({ carrier, status }) => `${carrier} ${status}`)).toEqual([
    ' delivered',
    'dhl_express unknown',
    'ups in_transit',
  ])
})

test('a checkpoint a hundred times is one, by Kafka and webhook at once, and told once', async () => {
  await attach('HUNDRED', 'hundred')
  const same = report('HUNDRED', checkpoint('in_transit', at(1, '09:00:00')))
  const posted = Promise.all(Array.from({ length: 50 }, () => send('generic', same)))
  const consumed = await consume(...Array.from({ length: 50 }, () => same))
  expect((await posted).every(({ status }) => status === 200)).toBe(true)
  expect(consumed.every(({ kind }) => kind === 'accepted')).toBe(true)
  expect(await stored('HUNDRED')).toMatchObject([{ checkpoints: 1 }])
  expect(told.length).toBe(1)
  expect(await brokenRules(t.pool)).toEqual([])
})

test('messages are stored together; what is wrong becomes a dead letter and keeps no other out', async () => {
  const good = report('K1', checkpoint('in_transit', at(1, '09:00:00')))
  const next = report('K1', checkpoint('delivered', at(0, '00:01:00')))
  const results = await consume(
    good,
    { tracking_number: 'K1' },
    next,
    good,
    report('K2', checkpoint('lost', 'yesterday')),
  )
  const outcomes = results.map(result => (result.kind === 'accepted' ? result.outcome : result.error.code))
  expect(outcomes).toEqual(['carried_out', 'TRACKING_INVALID', 'carried_out', 'duplicate', 'TRACKING_INVALID'])
  expect(await stored('K1')).toMatchObject([{ status: 'delivered', checkpoints: 2 }])
  expect(await stored('K2')).toEqual([])
})

test('1970 and 2038, an unknown code and a number nobody could have: kept and moving nothing, or refused', async () => {
  await attach('ODD', 'odd')
  const odd = report(
    'ODD',
    checkpoint('in_transit', at(1, '09:00:00')),
    checkpoint('failure', '1970-01-01T00:00:00'),
    checkpoint('delivered', '2038-01-19T03:14:08'),
    { code: 'Zugestellt?', occurred_local: at(0, '00:01:00') },
  )
  expect((await send('generic', odd)).status).toBe(200)
  expect(await stored('ODD')).toMatchObject([{ status: 'in_transit', checkpoints: 4 }])
  const metrics = await t.app.context.registry.metrics()
  expect(metrics).toMatch(/tracking_unknown_codes_total\{carrier="none"\} [1-9]/)
  const refused = await send('generic', report('<script>', checkpoint('delivered', at(0, '00:01:00'))))
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ code: 'TRACKING_INVALID', errors: [{ pointer: '/checkpoints' }] })
  expect((await send('generic', new TextEncoder().encode('{"tracking'))).status).toBe(400)
  expect((await send('teleport', odd)).status).toBe(404)
  expect(await brokenRules(t.pool)).toEqual([])
})

test('an order that another transaction has leaves the report for later, and nothing of it is stored', async () => {
  await attach('BUSY', 'busy')
  busy = ['busy']
  const writing = send('generic', report('BUSY', checkpoint('in_transit', at(1, '09:00:00'))))
  while (busy.length > 0) {
    await Bun.sleep(20)
    expect(await stored('BUSY')).toMatchObject([{ checkpoints: 0 }])
    busy = []
  }
  expect((await writing).status).toBe(200)
  expect(told).toMatchObject([{ orderUid: 'busy' }])
})

test('a parcel without news for days is expired, until news come', async () => {
  await attach('SILENT', 'silent')
  await send('generic', report('SILENT', checkpoint('in_transit', at(1, '09:00:00'))))
  let nowMs = Date.now()
  let isClockRight = false
  const options = {
    pool: t.pool,
    now: () => nowMs,
    silentDays: 14,
    parts: part,
    onCommitted: () => undefined,
    log: testLog,
  }
  const expire = () => expireSilent({ ...options, isClockRight: () => isClockRight })
  nowMs += 14 * 86_400_000 + 1
  expect(await expire()).toBe(0)
  isClockRight = true
  expect(await expire()).toBeGreaterThan(0)
  expect(told.filter(({ number }) => number === 'SILENT').at(-1)?.after).toMatchObject({
    status: 'expired',
    reason: 'carrier_silent',
  })
  expect(await expire()).toBe(0)
  await send('generic', report('SILENT', checkpoint('out_for_delivery', at(0, '00:01:00'))))
  expect(await stored('SILENT')).toMatchObject([{ status: 'out_for_delivery' }])
})

test('a webhook whose carrier has a secret takes nothing without the signature; without one only this machine is believed', async () => {
  const secret = 'a secret of AfterShip'
  const app = appOn(t.pool, { env: { TRACKING_AFTERSHIP_SECRET: `old secret,${secret}` }, isLocal: false })
  const msg = {
    tracking_number: 'SIGNED',
    slug: 'dpd',
    checkpoints: [{ tag: 'InTransit', checkpoint_time: at(1, '09:00:00') }],
  }
  const body = JSON.stringify({ event: 'tracking_update', msg })
  const signed = (key: string) => createHmac('sha256', key).update(body).digest('base64')
  const post = async (carrier: string, headers: Record<string, string>) => {
    const url = `http://localhost/api/deliveries/webhooks/${carrier}`
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body }
    return (await app.fetch(new Request(url, init))).status
  }
  expect(await post('aftership', {})).toBe(400)
  expect(await post('aftership', { 'aftership-hmac-sha256': signed('another') })).toBe(400)
  expect(await stored('SIGNED')).toEqual([])
  expect(await post('aftership', { 'aftership-hmac-sha256': signed(secret) })).toBe(200)
  expect(await stored('SIGNED')).toMatchObject([{ carrier: 'dpd', status: 'in_transit' }])
  expect(await post('easypost', {})).toBe(404)
  expect(await brokenRules(t.pool)).toEqual([])
})

test('metrics count reports by carrier and outcome, codes that nobody knows by carrier, and parcels that wait', async () => {
  const app = appOn(t.pool, { env: { TRACKING_DPD_SECRET: 'a secret of DPD' } })
  const post = (carrier: string, body: object) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    return app.fetch(new Request(`http://localhost/api/deliveries/webhooks/${carrier}`, init))
  }
  const coded = (carrier: string, code: string) => ({
    ...{ tracking_number: `C${carrier}`, carrier, checkpoints: [{ code, occurred_local: at(1, '09:00:00') }] },
  })
  for (let index = 0; index < 60; index += 1) await post('generic', coded(`carrier ${index}`, '?'))
  await post('generic', coded('carrier 0', '?'))
  await post('generic', coded('UPS', '??'))
  expect((await post('generic', {})).status).toBe(400)
  expect((await post('dpd', {})).status).toBe(400)
  const metrics = await app.context.registry.metrics()
  for (const line of [
    ...['{source="generic",outcome="new"} 61', '{source="generic",outcome="repeated"} 1'],
    ...['{source="generic",outcome="TRACKING_INVALID"} 1', '{source="dpd",outcome="WEBHOOK_SIGNATURE_INVALID"} 1'],
    '{source="kafka",outcome="new"} 0',
  ])
    expect(metrics).toContain(`tracking_reports_total${line}`)
  for (const line of ['{carrier="carrier_0"} 1', '{carrier="ups"} 1', '{carrier="other"} 18'])
    expect(metrics).toContain(`tracking_unknown_codes_total${line}`)
  const { rows } = await t.pool.query<{ awaited: number; unattached: number }>(
    `select count(*) filter (where waiting_since is not null and status = 'out_for_delivery')::int as awaited,
            count(*) filter (where shipped_since is null)::int as unattached from parcels`,
  )
  expect(metrics).toContain(`parcels{status="out_for_delivery"} ${rows[0]?.awaited}`)
  expect(metrics).toContain(`parcels_unattached ${rows[0]?.unattached}`)
  expect(metrics).not.toContain('parcels{status="delivered"}')
})

test('the simulator has a parcel go its way, or another that is asked for, where it is on', async () => {
  const step = async (status?: string) => {
    const response = await t.call('POST', '/api/deliveries/simulator', { body: { tracking_number: 'SIM-1', status } })
    return ((await response.json()) as { status: string }).status
  }
  await attach('SIM1', 'simulated')
  const seen: string[] = []
  for (let index = 0; index < 4; index += 1) seen.push(await step())
  expect(seen).toEqual(['pre_transit', 'picked_up', 'in_transit', 'out_for_delivery'])
  expect([await step('attempted_delivery'), await step(), await step(), await step()]).toEqual([
    ...['attempted_delivery', 'out_for_delivery', 'delivered', 'delivered'],
  ])
  expect([await step('return_to_sender'), await step()]).toEqual(['return_to_sender', 'delivered'])
  expect(told.at(-1)?.after).toMatchObject({ status: 'delivered', isReturning: true })
  const app = appOn(t.pool, { isLocal: false })
  const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"tracking_number":"SIM1"}' }
  const refused = await app.fetch(new Request('http://localhost/api/deliveries/simulator', init))
  expect([401, 404]).toContain(refused.status)
})
