import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { nextOf } from '../../test/links.ts'
import { rowsRead } from '../../test/rows-read.ts'
import { listShipments, type ShipmentFilter } from './read-queries.ts'

/** Lists of many shipments by two filters: what a page looks at is bounded, and the pages together have everything, in order. */

setDefaultTimeout(60_000)
const count = 12_000
let t: TestApp

const carrierOf = (n: number) => (n % 3 === 0 ? 'ups' : 'dhl')
const locationOf = (n: number) => (n % 4000 === 6 ? 'depot' : n % 2 === 0 ? 'main' : undefined)
const isPlanned = (n: number) => n % 2 === 0
const isLate = (n: number) => n % 4 < 2

beforeAll(async () => {
  t = await createTestApp()
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  await t.pool.query(
    `insert into shipments (order_uid, shipment_id, state, location, carrier, delayed_at, reason, actor, version, created_at, packed_at, silent_at, updated_at)
     select 'o-' || n, 'shp_' || lpad(n::text, 6, '0'), case when is_planned then 'planned' else 'packed' end, location, carrier,
            case when is_late then now() end, '', '', 1, timestamptz '2026-01-01' + n * interval '1 s', case when not is_planned then now() end, case when is_late then now() end, now()
       from unnest($1::int[], $2::text[], $3::text[], $4::boolean[], $5::boolean[]) given (n, carrier, location, is_planned, is_late)`,
    [numbers, numbers.map(carrierOf), numbers.map(locationOf), numbers.map(isPlanned), numbers.map(isLate)],
  )
  await t.pool.query('vacuum analyze shipments')
})
afterAll(() => t.close())

async function listed(query: string): Promise<string[]> {
  const ids: string[] = []
  for (let path: string | undefined = `/api/shipments?${query}&limit=1000`; path !== undefined; ) {
    const response: Response = await t.call('GET', path)
    ids.push(...((await response.json()) as { id: string }[]).map(({ id }) => id))
    path = nextOf(path, response)
  }
  return ids
}

test.each<[string, (n: number) => boolean]>([
  ['carrier=ups&location=main', n => carrierOf(n) === 'ups' && locationOf(n) === 'main'],
  ['carrier=ups&location=depot', n => carrierOf(n) === 'ups' && locationOf(n) === 'depot'],
  ['carrier=dhl&location=main&state=packed', () => false],
  ['late=true&carrier=ups', n => isLate(n) && carrierOf(n) === 'ups'],
  ['late=true&silent=true', isLate],
  ['late=true&location=depot&state=planned', n => isLate(n) && locationOf(n) === 'depot' && isPlanned(n)],
])('the pages of %s together have every shipment that matches, newest first', async (query, matches) => {
  const numbers = Array.from({ length: count }, (_, index) => count - index).filter(matches)
  expect(await listed(query)).toEqual(numbers.map(n => `shp_${String(n).padStart(6, '0')}`))
})

test.each<[string, Partial<ShipmentFilter>, number]>([
  ['of a carrier from a location', { carrier: 'ups', location: 'main' }, 500],
  ['of a carrier from a location that hardly any leaves from', { carrier: 'ups', location: 'depot' }, 50],
  ['that are late, of a carrier that has none', { isLate: true, carrier: 'nobody' }, 2_600],
  ['that are late and silent', { isLate: true, isSilent: true }, 2_800],
])('a page looks at a bounded number of shipments: %s', async (_, given, most) => {
  const none = { states: undefined, carrier: undefined, location: undefined, number: undefined, orderUids: undefined }
  const filter = { ...none, isLate: false, isSilent: false, fromMs: undefined, toMs: undefined, ...given }
  const read = await rowsRead(t.pool, 'shipments', pool => listShipments(pool, filter, undefined, 100))
  expect(read).toBeLessThan(most)
})
