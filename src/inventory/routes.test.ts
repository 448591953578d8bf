import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createTestApp, type TestApp } from '../../test/app.ts'
import { brokenRules } from '../../test/invariants.ts'
import { testLog } from '../../test/kafka.ts'
import { settleDueItems } from './due.ts'

let t: TestApp

beforeAll(async () => {
  t = await createTestApp()
})

afterAll(() => t.close())

const shirt = {
  nm_id: 7,
  name: 'Café T-Shirt',
  brand: 'Vivienne Sabo',
  size: 'XL',
  prices: { USD: 45300 },
  sale: 30,
  active: true,
}

type Answer = { status: number; body: Record<string, unknown>; headers: Headers }

async function ask(
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await t.call(method, path, { body, headers })
  return { status: response.status, body: (await response.json()) as Answer['body'], headers: response.headers }
}

async function pointersOf(answer: Promise<Answer>): Promise<[number, unknown, string[]]> {
  const { status, body } = await answer
  const { code, errors } = body as { code: string; errors: { pointer: string }[] }
  return [status, code, [...new Set(errors.map(({ pointer }) => pointer))].toSorted()]
}

let series = 100
/** An item that no other test uses. */
async function newItem(more: object = {}): Promise<number> {
  series += 1
  expect((await ask('PUT', `/api/items/${series}`, { ...shirt, ...more })).status).toBe(201)
  return series
}

const move = (chrtId: number, kind: string, quantity: number, more: object = {}, headers = {}) =>
  ask('POST', `/api/stock/${chrtId}/movements`, { location: 'main', kind, quantity, ...more }, headers)
const numbersOf = ({ on_hand, reserved, unavailable, available }: Record<string, unknown>) => [
  ...[on_hand, reserved, unavailable, available],
]
const stockOf = async (chrtId: number) => numbersOf((await ask('GET', `/api/stock/${chrtId}`)).body)

describe('items', () => {
  test('are as they were put, with defaults for what was left out; what was read can be sent again', async () => {
    const created = await ask('PUT', '/api/items/1', shirt)
    expect([created.status, created.headers.get('location')]).toEqual([201, '1'])
    expect(created.body).toMatchObject({
      ...shirt,
      chrt_id: 1,
      tax_class: 'standard',
      backorder: 'refuse',
      max_quantity: null,
    })
    expect(await ask('PUT', '/api/items/1', created.body)).toMatchObject({ status: 200, body: created.body })
    const changed = {
      ...shirt,
      ...{ name: 'A "wide" \\ {one, two}', size: 'null' },
      prices: { USD: 1, EUR: 2 },
      backorder: 'allow',
      backorder_limit: 3,
      available_from: '2026-12-01T00:00:00Z',
    }
    expect((await ask('PUT', '/api/items/1', changed)).status).toBe(200)
    expect((await ask('GET', '/api/items/1')).body).toMatchObject({
      ...changed,
      available_from: '2026-12-01T00:00:00.000Z',
    })
    expect((await ask('GET', '/api/items/2')).body).toMatchObject({ code: 'ITEM_NOT_FOUND', status: 404 })
    expect((await ask('GET', '/api/items/none')).status).toBe(404)
  })

  test('are refused with every violation', async () => {
    const wrong = {
      ...{
        nm_id: -1,
        name: '',
        prices: { USD: 1.5, XXX: 1, EUR: 2 ** 53 },
        sale: 101,
        min_quantity: 5,
        max_quantity: 4,
      },
      ...{ backorder_limit: 1, low_stock: -1, colour: 'red', available_from: 'soon', chrt_id: 4 },
    }
    expect(await pointersOf(ask('PUT', '/api/items/3', wrong))).toEqual([
      400,
      'REQUEST_INVALID',
      expect.arrayContaining([
        ...[
          '/nm_id',
          '/name',
          '/prices/USD',
          '/prices/XXX',
          '/prices/EUR',
          '/sale',
          '/max_quantity',
          '/backorder_limit',
        ],
        ...['/low_stock', '/colour', '/available_from', '/chrt_id'],
      ]),
    ])
    const unbuyable = { ...shirt, min_quantity: 3, quantity_step: 2, max_quantity: 3, max_per_customer: 1 }
    expect(await pointersOf(ask('PUT', '/api/items/3', unbuyable))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/max_per_customer', '/max_quantity'],
    ])
    expect(await pointersOf(ask('PUT', '/api/items/3', {}))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/name', '/nm_id', '/prices'],
    ])
    expect(await pointersOf(ask('PUT', '/api/items/9007199254740993', shirt))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/chrt_id'],
    ])
  })

  test('come as NDJSON and CSV, and are found by beginnings of words, page by page and as a stream', async () => {
    const lines = Array.from({ length: 1100 }, (_, index) =>
      JSON.stringify({
        ...shirt,
        chrt_id: 10_000 + index,
        name: `Куртка ${index % 2 === 0 ? 'Crème' : 'Noir'}`,
        brand: '',
      }),
    )
    lines.splice(3, 0, '{"chrt_id":1.5}', '', lines[0] ?? '')
    const sendBatch = async (body: string, type: string) => {
      const response = await t.call('POST', '/api/items/batch', { body, headers: { 'content-type': type } })
      const results = (await response.text()).trim().split('\n')
      return results.map(line => JSON.parse(line) as Record<string, unknown>)
    }
    const results = await sendBatch(lines.join('\n'), 'application/x-ndjson')
    expect(results.pop()).toEqual({ complete: true, count: 1102, created: 1101, updated: 0, unchanged: 0, refused: 1 })
    expect(results[3]).toMatchObject({ line: 4, outcome: 'refused', code: 'ITEM_INVALID' })
    expect(results[4]).toEqual({ line: 6, chrt_id: 10_000, outcome: 'created' })
    const csv =
      'chrt_id,nm_id,name,size,prices.USD,active,low_stock\n20001,7,"Scarf, red",0,100,true,\n20002,7,Hat,,x,yes,2\n\n10000,7,Coat,XL,5,false,\n'
    expect(await sendBatch(csv, 'text/csv; charset=utf-8')).toEqual([
      { line: 2, chrt_id: 20_001, outcome: 'created' },
      { line: 3, outcome: 'refused', code: 'ITEM_INVALID', errors: expect.anything() },
      { line: 5, chrt_id: 10_000, outcome: 'updated' },
      { complete: true, count: 3, created: 1, updated: 1, unchanged: 0, refused: 1 },
    ])
    expect(await pointersOf(ask('POST', '/api/items/batch', 'chrt_id,nome\n', { 'content-type': 'text/csv' }))).toEqual(
      [400, 'REQUEST_INVALID', ['/1']],
    )
    const latin = Buffer.from('chrt_id,name,nm_id,prices.USD\n5900,Caf\xe9,1,1\n', 'latin1')
    const other = await ask('POST', '/api/items/batch', latin, { 'content-type': 'text/csv' })
    const why = 'the body is not CSV: line 1: the text is not UTF-8, on this line or behind it'
    expect([other.status, other.body.detail]).toEqual([400, why])
    expect((await ask('GET', '/api/items/5900')).status).toBe(404)
    const unclosed = await ask('POST', '/api/items/batch', 'chrt_id,name\n\n1,"Hat', { 'content-type': 'text/csv' })
    expect([unclosed.status, unclosed.body.detail]).toEqual([400, 'the body is not CSV: line 3: a quote is not closed'])

    const found = async (query: string) =>
      ((await ask('GET', `/api/items?${query}`)).body as unknown as { chrt_id: number }[]).map(item => item.chrt_id)
    expect(await found('q=CREME+куртк&limit=2')).toEqual([10_002, 10_004])
    expect(await found('q=scarf')).toEqual([20_001])
    expect(await found('q=2000')).toEqual([20_001])
    expect(await found('q=!!')).toEqual([])
    expect(await found('active=false')).toEqual([10_000])
    const first = await ask('GET', '/api/items?q=noir&limit=1000')
    expect(first.headers.get('link')).toBeNull()
    const page = await ask('GET', '/api/items?q=noir&limit=500')
    expect(page.headers.get('link')).toBe('<items?q=noir&limit=500&cursor=10999>; rel="next"')
    const stream = await t.call('GET', '/api/items?nm_id=7', { headers: { accept: 'application/x-ndjson' } })
    expect((await stream.text()).trim().split('\n').at(-1)).toBe('{"complete":true,"count":1102}')
  })
})

describe('locations', () => {
  test('are put, listed by priority, and refused with every violation', async () => {
    expect(
      (await ask('PUT', '/api/locations/east', { name: 'East', priority: 2, countries: ['US', 'CA'] })).status,
    ).toBe(201)
    expect((await ask('PUT', '/api/locations/east', { priority: 1, countries: ['US'] })).body).toMatchObject({
      name: 'east',
      active: true,
    })
    const names = ((await ask('GET', '/api/locations')).body as unknown as { location: string }[]).map(
      one => one.location,
    )
    expect(names).toEqual(['main', 'east'])
    expect((await ask('GET', '/api/locations/west')).body).toMatchObject({ code: 'LOCATION_NOT_FOUND' })
    const wrong = { priority: -1, countries: ['usa'], active: 1, city: '' }
    expect(await pointersOf(ask('PUT', '/api/locations/west', wrong))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/active', '/city', '/countries/0', '/priority'],
    ])
  })
})

describe('stock', () => {
  test('is what the movements say, at each location and in all', async () => {
    const chrtId = await newItem()
    expect((await ask('GET', `/api/stock/${chrtId}`)).body).toMatchObject({
      is_tracked: false,
      on_hand: 0,
      locations: [],
    })
    expect(await move(chrtId, 'received', 100, { reason: 'delivery', actor: 'ada' })).toMatchObject({
      status: 201,
      body: {
        kind: 'received',
        quantity: 100,
        reason: 'delivery',
        actor: 'ada',
        stock: { on_hand: 100, available: 100 },
      },
    })
    await move(chrtId, 'transferred', 30, { to_location: 'east' })
    await move(chrtId, 'returned', 5, { quarantine: true })
    await move(chrtId, 'written_off', 4, { quarantine: true })
    await move(chrtId, 'quarantined', 10)
    await move(chrtId, 'adjusted', -1)
    expect((await ask('GET', `/api/stock/${chrtId}`)).body).toMatchObject({
      ...{ on_hand: 100, reserved: 0, unavailable: 11, available: 89, level: 'in_stock' },
      locations: [
        { location: 'east', on_hand: 30, available: 30 },
        { location: 'main', on_hand: 70, unavailable: 11, available: 59 },
      ],
    })
    expect((await move(chrtId, 'written_off', 60)).body).toMatchObject({ code: 'STOCK_INSUFFICIENT', status: 409 })
    const page = await ask('GET', `/api/stock/${chrtId}/movements?limit=4`)
    const movements = page.body as unknown as { kind: string; quantity: number; location: string }[]
    expect(movements.map(({ kind, quantity }) => `${kind} ${quantity}`)).toEqual([
      ...['adjusted -1', 'quarantined 10', 'written_off 4', 'returned 5'],
    ])
    const next = /<(.*)>/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
    const rest = (await ask('GET', `/api/stock/${chrtId}/${next}`)).body as unknown as typeof movements
    expect(rest.map(({ kind, location }) => `${kind} ${location}`)).toEqual([
      ...['transferred east', 'transferred main', 'received main'],
    ])
  })

  test('is moved once for an Idempotency-Key, and once for an external id', async () => {
    const chrtId = await newItem()
    const once = { 'idempotency-key': 'k-1' }
    const first = await move(chrtId, 'received', 10, { external_id: 'w-1' }, once)
    const again = await move(chrtId, 'received', 10, { external_id: 'w-1' }, once)
    expect([again.status, again.headers.get('idempotency-replayed'), again.body]).toEqual([201, 'true', first.body])
    const repeated = await Promise.all(
      Array.from({ length: 10 }, () => move(chrtId, 'received', 10, { external_id: 'w-1' })),
    )
    expect(repeated.map(({ status, body }) => [status, body.id])).toEqual(Array(10).fill([200, first.body.id]))
    expect((await move(chrtId, 'received', 11, { external_id: 'w-1' })).body).toMatchObject({
      code: 'STOCK_CONFLICT',
      status: 409,
    })
    const transfer = { to_location: 'east', external_id: 'w-2' }
    expect((await move(chrtId, 'transferred', 1, transfer)).status).toBe(201)
    expect((await move(chrtId, 'transferred', 1, transfer)).status).toBe(200)
    expect(await stockOf(chrtId)).toEqual([10, 0, 0, 10])
  })

  test('is refused with every violation', async () => {
    const chrtId = await newItem()
    const path = `/api/stock/${chrtId}/movements`
    expect(await pointersOf(ask('POST', path, { location: 'a b', kind: 'reserved', quantity: 1.5, extra: 1 }))).toEqual(
      [400, 'REQUEST_INVALID', ['/extra', '/kind', '/location', '/quantity']],
    )
    for (const quantity of [0, -1, 2 ** 53, '1']) {
      expect(await pointersOf(move(chrtId, 'received', quantity as number))).toEqual([
        400,
        'REQUEST_INVALID',
        ['/quantity'],
      ])
    }
    expect(await pointersOf(move(chrtId, 'transferred', 1))).toEqual([400, 'REQUEST_INVALID', ['/to_location']])
    expect(await pointersOf(move(chrtId, 'adjusted', 1, { quarantine: true, to_location: 'main' }))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/quarantine', '/to_location'],
    ])
    expect(await pointersOf(ask('POST', path, { location: 'moon', kind: 'received', quantity: 1 }))).toEqual([
      400,
      'STOCK_INVALID',
      ['/location'],
    ])
    expect((await move(999, 'received', 1)).body).toMatchObject({ code: 'ITEM_NOT_FOUND', status: 404 })
    expect((await ask('GET', '/api/stock/999')).body).toMatchObject({ code: 'ITEM_NOT_FOUND' })
  })

  test('takes no movement or count of a negative or fractional quantity', async () => {
    const chrtId = await newItem()
    await move(chrtId, 'received', 5)
    for (const quantity of [-1, 0, 1.5, '2', 2 ** 53]) {
      const moved = ask('POST', `/api/stock/${chrtId}/movements`, { location: 'main', kind: 'received', quantity })
      expect(await pointersOf(moved)).toEqual([400, 'REQUEST_INVALID', ['/quantity']])
    }
    for (const counted of [-1, 1.5, '2'])
      expect(await pointersOf(ask('POST', `/api/stock/${chrtId}/count`, { location: 'main', counted }))).toEqual([
        400,
        'REQUEST_INVALID',
        ['/counted'],
      ])
    expect(await stockOf(chrtId)).toEqual([5, 0, 0, 5])
  })

  test('becomes what was counted, unless it is another than expected or the count is older', async () => {
    const chrtId = await newItem()
    const count = (body: object) => ask('POST', `/api/stock/${chrtId}/count`, { location: 'main', ...body })
    const hourAgo = new Date(Date.now() - 3_600_000).toISOString()
    expect((await count({ counted: 0, as_of: hourAgo })).body).toMatchObject({
      applied: true,
      difference: 0,
      movement_id: null,
    })
    expect((await ask('GET', `/api/stock/${chrtId}`)).body).toMatchObject({ is_tracked: true, level: 'out_of_stock' })
    await move(chrtId, 'received', 10)
    expect((await count({ counted: 50, as_of: hourAgo })).body).toMatchObject({
      applied: false,
      difference: 0,
      stock: { on_hand: 10 },
    })
    expect((await count({ counted: 8, expected: 9 })).body).toMatchObject({ code: 'STOCK_CHANGED', status: 409 })
    const counted = await count({ counted: 8, expected: 10, external_id: 'c-1', actor: 'bo' })
    expect(counted).toMatchObject({ status: 200, body: { applied: true, difference: -2, stock: { on_hand: 8 } } })
    expect((await count({ counted: 8, external_id: 'c-1' })).body).toMatchObject({
      movement_id: counted.body.movement_id,
    })
    expect((await count({ counted: 9, external_id: 'c-1' })).body).toMatchObject({ code: 'STOCK_CONFLICT' })
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    expect(await pointersOf(count({ counted: 1, as_of: tomorrow }))).toEqual([400, 'STOCK_INVALID', ['/as_of']])
    expect(await pointersOf(count({ counted: -1, as_of: '2026-02-30T00:00:00Z' }))).toEqual([
      400,
      'REQUEST_INVALID',
      ['/as_of', '/counted'],
    ])
    expect(await stockOf(chrtId)).toEqual([8, 0, 0, 8])
  })

  test('that is low, or back, is told once, and listed', async () => {
    const chrtId = await newItem({ low_stock: 3 })
    const settle = () =>
      settleDueItems({ pool: t.pool, now: Date.now, lowStockDefault: 5, onCommitted: () => undefined, log: testLog })
    const types = async () => {
      await settle()
      const query = `select type, data::json ->> 'level' as level from events where stream_type = 'item' and stream_id = '${chrtId}' order by sequence`
      const { rows } = await t.pool.query<{ type: string; level: string | null }>(query)
      return rows.filter(({ level }) => level !== null).map(({ type, level }) => `${type} ${level}`)
    }
    await move(chrtId, 'received', 4)
    expect(await types()).toEqual([])
    await move(chrtId, 'adjusted', -1)
    await move(chrtId, 'adjusted', 1)
    expect(await types()).toEqual([])
    await move(chrtId, 'adjusted', -1)
    expect(await types()).toEqual(['stock.low low'])
    await move(chrtId, 'adjusted', -3)
    expect(await types()).toEqual(['stock.low low', 'stock.low out_of_stock'])
    const listed = async (query: string) =>
      ((await ask('GET', `/api/stock?${query}`)).body as unknown as { chrt_id: number }[]).map(one => one.chrt_id)
    expect(await listed('level=low,out_of_stock')).toContain(chrtId)
    expect(await listed(`level=in_stock&chrt_id=${chrtId}`)).toEqual([])
    expect(await listed(`chrt_id=${chrtId}&location=east`)).toEqual([])
    await move(chrtId, 'received', 2)
    await ask('PUT', `/api/items/${chrtId}`, { ...shirt, low_stock: 1 })
    expect(await types()).toEqual(['stock.low low', 'stock.low out_of_stock', 'stock.back_in_stock in_stock'])
  })

  test('is counted by a metric', async () => {
    const { rows } = await t.pool.query<{ on_hand: string }>('select sum(on_hand) as on_hand from stock')
    const metrics = await (await t.call('GET', '/metrics')).text()
    expect(metrics).toContain(`stock_units{number="on_hand"} ${rows[0]?.on_hand}\n`)
    expect(metrics).toContain('stock_units{number="reserved"} ')
  })

  test('keeps every guarantee after all of that', async () => {
    expect(await brokenRules(t.pool)).toEqual([])
  })
})
